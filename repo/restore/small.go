package restore

import (
	"bytes"
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

type chunkRef = chunk.Ref

// window is a part of a bundle that was fetched for several files.
type window struct {
	ref  chunk.Ref
	off  uint32
	data []byte
}

// holds reports whether the file's bytes lie in the window.
func (w *window) holds(n *tree.Node) bool {
	return w.ref == n.Content.Ref && n.Content.Offset >= w.off && uint64(n.Content.Offset)+n.Size <= uint64(w.off)+uint64(len(w.data))
}

// windows are those of a batch, the one used last first. There are two, since
// files that can be compressed and those that can't lie in bundles apart.
type windows [2]window

// find brings the window that holds the file to the front.
func (w *windows) find(n *tree.Node) bool {
	if !w[0].holds(n) {
		if !w[1].holds(n) {
			return false
		}
		w[0], w[1] = w[1], w[0]
	}
	return true
}

// content returns the verified bytes of a small file of a batch.
func (w *worker) content(ctx context.Context, b *batch, i int, win *windows) ([]byte, error) {
	n := &b.items[i].node
	switch n.Content.Form {
	case tree.Empty:
		return nil, nil
	case tree.Inline:
		return n.Content.Inline, nil
	}
	if _, err := w.tree.Open(n); err != nil { // checks the bounds of the slice
		return nil, err
	}
	if !win.find(n) {
		data, from, err := w.fetch(ctx, b, i)
		if err != nil {
			return nil, err
		}
		win[1] = win[0]
		win[0] = window{n.Content.Ref, from, data}
	}
	lo := n.Content.Offset - win[0].off
	p := win[0].data[lo : uint64(lo)+n.Size]
	if w.r.Keys().ContentHash(p) != n.Content.Hash {
		return nil, &chunk.DamageError{What: n.Content.Ref.String(), How: "the file's part of it has not the file's hash"}
	}
	return p, nil
}

// fetch reads what file i needs of its bundle, and with it what the files after
// it need of the same. It returns where in the bundle that begins.
func (w *worker) fetch(ctx context.Context, b *batch, i int) (data []byte, begin uint32, err error) {
	n := &b.items[i].node
	from, to := uint64(n.Content.Offset), uint64(n.Content.Offset)+n.Size
	for j := i + 1; j < len(b.items); j++ {
		m := &b.items[j].node
		if m.Type != tree.File || m.Content.Form != tree.Slice || m.Content.Ref != n.Content.Ref {
			continue
		}
		if uint64(m.Content.Offset)+m.Size > uint64(m.Content.Ref.Size) {
			break
		}
		from, to = min(from, uint64(m.Content.Offset)), max(to, uint64(m.Content.Offset)+m.Size)
	}
	data, err = w.data.GetRange(ctx, n.Content.Ref, int(from), int(to-from))
	if err != nil && to-from > n.Size {
		// What of the bundle is damaged may not be this file's.
		from = uint64(n.Content.Offset)
		data, err = w.data.GetRange(ctx, n.Content.Ref, int(from), int(n.Size))
	}
	return data, uint32(from), err
}

// small restores a file whose content is one piece.
func (w *worker) small(ctx context.Context, b *batch, at, i int, path string, win *windows) error {
	n := &b.items[i].node
	p, err := w.content(ctx, b, i, win)
	if err != nil {
		return err
	}
	o, err := w.openFile(b.f, at, n)
	if err != nil || o.skip {
		return err
	}
	changed := o.fresh
	if o.fresh && len(p) > 0 {
		if w.opt.Sparse && len(p) >= sparseBlock {
			err = unix.Ftruncate(o.fd, int64(len(p)))
			if err == nil {
				err = w.writeSparse(o.fd, p, 0)
			}
		} else {
			err = w.pwrite(o.fd, p, 0)
		}
	} else if !o.fresh && !o.same {
		have := w.room(len(p))
		k, rerr := preadFull(o.fd, have, 0)
		if rerr != nil || k != len(p) || !bytes.Equal(have[:k], p) {
			changed = true
			err = w.pwrite(o.fd, p, 0)
		}
		if err == nil && o.size != int64(len(p)) {
			changed = true
			err = unix.Ftruncate(o.fd, int64(len(p)))
		}
	}
	if err != nil {
		_ = unix.Close(o.fd)
		return trouble("write it", err)
	}
	w.attributes(path, o.fd, n, o.chown, !o.fresh || b.f.acl, o.chmod)
	if err := unix.Close(o.fd); err != nil {
		return trouble("close it", err)
	}
	w.counted(n, changed)
	return nil
}

func (x *run) counted(n *tree.Node, changed bool) {
	if changed {
		x.files.Add(1)
		x.bytes.Add(int64(n.Size))
	} else {
		x.unchanged.Add(1)
	}
}

// pwrite writes all of p.
func (x *run) pwrite(fd int, p []byte, off int64) error {
	for len(p) > 0 {
		n, err := unix.Pwrite(fd, p, off)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		p, off = p[n:], off+int64(n)
		x.written.Add(int64(n))
	}
	return nil
}

// preadFull reads until p is full or the file ends.
func preadFull(fd int, p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Pread(fd, p[done:], off+int64(done))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
		done += n
	}
	return done, nil
}

// sparseBlock is the size of a block of zeros for which a hole is left.
const sparseBlock = 4096

var zeros [sparseBlock]byte

// writeSparse writes p, leaving out whole blocks of zeros; the file has its
// size already and is fresh.
func (x *run) writeSparse(fd int, p []byte, off int64) error {
	for len(p) > 0 {
		hole := 0
		for len(p)-hole >= sparseBlock && bytes.Equal(p[hole:hole+sparseBlock], zeros[:]) {
			hole += sparseBlock
		}
		p, off = p[hole:], off+int64(hole)
		data := 0
		for data < len(p) && (len(p)-data < sparseBlock || !bytes.Equal(p[data:data+sparseBlock], zeros[:])) {
			data = min(len(p), data+sparseBlock)
		}
		if err := x.pwrite(fd, p[:data], off); err != nil {
			return err
		}
		p, off = p[data:], off+int64(data)
	}
	return nil
}

var errDiffers = errors.New("what was restored differs from the snapshot")

// differs is the outcome of a comparison that failed: where files could be left
// alone on purpose it says nothing.
func (x *run) differs() error {
	if x.opt.Overwrite == Never || x.opt.Overwrite == IfNewer {
		return nil
	}
	return errDiffers
}

// verifySmall compares a restored file with the snapshot.
func (w *worker) verifySmall(at int, it *item) error {
	n := &it.node
	if at < 0 {
		return errAbsent
	}
	fd, err := openRead(at, n.Name)
	if err != nil {
		return trouble("open it again", err)
	}
	defer unix.Close(fd)
	p := w.room(int(n.Size) + 1)
	k, err := preadFull(fd, p, 0)
	if err != nil {
		return trouble("read it again", err)
	}
	p = p[:k]
	ok := uint64(k) == n.Size
	switch n.Content.Form {
	case tree.Inline:
		ok = ok && bytes.Equal(p, n.Content.Inline)
	case tree.Slice:
		ok = ok && w.r.Keys().ContentHash(p) == n.Content.Hash
	}
	if !ok {
		return w.differs()
	}
	w.verified.Add(1)
	return nil
}
