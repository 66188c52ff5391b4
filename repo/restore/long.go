package restore

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// longFile is a file whose pieces are in work.
type longFile struct {
	x       *run
	f       *folder
	node    tree.Node
	path    string
	o       opened
	pending atomic.Int32 // the walk and the pieces
	changed atomic.Bool
	once    sync.Once
	failed  atomic.Bool
}

// fail makes the file a finding, once.
func (l *longFile) fail(err error) {
	l.failed.Store(true)
	l.once.Do(func() { l.x.finding(l.path, err) })
}

// piece is a part of a long file that is one chunk.
type piece struct {
	l   *longFile
	off int64
	ref chunk.Ref
}

var _ task = (*piece)(nil)

// long opens a file and hands its pieces to the workers.
func (x *run) long(ctx context.Context, f *folder, it item) error {
	n := it.node.Clone()
	l := &longFile{x: x, f: f, node: n, path: tree.Join(f.path, n.Name)}
	at, err := f.open()
	if x.mode == dry {
		(&worker{run: x}).look(at, &it)
		return nil
	}
	if err == nil {
		err = x.openLong(l, at)
	}
	it.settle(err)
	if err != nil {
		if f.err == nil || x.mode == verify {
			x.finding(l.path, err)
		}
		return nil
	}
	if l.o.skip {
		return nil
	}
	f.pending.Add(1)
	l.pending.Store(1)
	defer l.release()
	if l.o.same {
		return nil
	}
	src, err := x.tree.Open(&n)
	if err != nil {
		l.fail(err)
		return nil
	}
	err = src.Extents(ctx, 0, func(e tree.Extent) error {
		if e.Hole() {
			if err := l.hole(int64(e.Offset), int64(e.Size)); err != nil {
				l.fail(err)
			}
			return nil
		}
		l.pending.Add(1)
		return x.send(ctx, &piece{l, int64(e.Offset), e.Ref})
	})
	if err != nil && ctx.Err() == nil {
		l.fail(err)
		return nil
	}
	if err != nil {
		l.failed.Store(true)
	}
	return ctx.Err()
}

func (x *run) openLong(l *longFile, at int) (err error) {
	n := &l.node
	if x.mode == verify {
		l.o.fd, err = openRead(at, n.Name)
		if err != nil {
			return trouble("open it again", err)
		}
		var st unix.Stat_t
		if err = unix.Fstat(l.o.fd, &st); err == nil && uint64(st.Size) != n.Size {
			l.failed.Store(true)
			err = x.differs()
		}
		if err != nil {
			_ = unix.Close(l.o.fd)
		}
		return err
	}
	if l.o, err = x.openFile(l.f, at, n); err != nil || l.o.skip {
		return err
	}
	l.changed.Store(l.o.fresh)
	if l.o.size != int64(n.Size) {
		l.changed.Store(true)
		if err := unix.Ftruncate(l.o.fd, int64(n.Size)); err != nil {
			_ = unix.Close(l.o.fd)
			return trouble("give it its size", err)
		}
	}
	return nil
}

func (p *piece) release(ctx context.Context, _ *worker) {
	if ctx.Err() != nil {
		p.l.failed.Store(true) // it is not complete: its time must not be set
	}
	p.l.release()
}

// do restores or compares one piece.
func (p *piece) do(ctx context.Context, w *worker) {
	l, n := p.l, int(p.ref.Size)
	if l.failed.Load() && w.mode == verify {
		return
	}
	if w.mode == verify || !l.o.fresh {
		have := w.room(n)
		k, err := preadFull(l.o.fd, have, p.off)
		if err == nil && k == n {
			if ref, _ := w.r.Keys().Name(chunk.Data, have, nil); ref == p.ref {
				w.seenBytes.Add(int64(n))
				return
			}
		}
		if w.mode == verify {
			if err == nil {
				err = w.differs()
			}
			if err != nil {
				l.fail(err)
			}
			l.failed.Store(true)
			return
		}
	}
	data, err := w.whole(ctx, p.ref)
	if err != nil {
		l.fail(err)
		return
	}
	l.changed.Store(true)
	if w.opt.Sparse && l.o.fresh {
		err = w.writeSparse(l.o.fd, data, p.off)
	} else {
		err = w.pwrite(l.o.fd, data, p.off)
	}
	if err != nil {
		l.fail(trouble("write it", err))
	}
	w.seenBytes.Add(int64(n))
}

// whole returns a chunk in memory of the worker's, which the next call uses
// again.
func (w *worker) whole(ctx context.Context, ref chunk.Ref) ([]byte, error) {
	const behind = 64 // decoders are faster with some room behind
	if n := int(ref.Size) + behind; cap(w.plain) < n {
		w.plain = make([]byte, 0, n)
	}
	return w.r.AppendRange(ctx, w.plain[:0], ref, 0, int(ref.Size))
}

// hole makes sure that a part of the file is zeros, a hole if possible.
func (l *longFile) hole(off, size int64) error {
	if l.x.mode == write && l.o.fresh {
		return nil // the file was made with its size
	}
	data, err := unix.Seek(l.o.fd, off, unix.SEEK_DATA)
	if err == unix.ENXIO || err == nil && data >= off+size {
		return nil
	}
	if l.x.mode == write {
		err := unix.Fallocate(l.o.fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, size)
		if err == nil {
			l.changed.Store(true)
			return nil
		}
	}
	return l.zero(off, size)
}

// zero compares a part of the file with zeros and writes them where it differs.
func (l *longFile) zero(off, size int64) error {
	buf, none := make([]byte, 64<<10), make([]byte, 64<<10)
	for size > 0 {
		p := buf[:min(size, int64(len(buf)))]
		k, err := preadFull(l.o.fd, p, off)
		if err != nil {
			return trouble("read what is there", err)
		}
		if k < len(p) || string(p) != string(none[:len(p)]) {
			if l.x.mode == verify {
				l.failed.Store(true)
				return l.x.differs()
			}
			l.changed.Store(true)
			if err := l.x.pwrite(l.o.fd, none[:len(p)], off); err != nil {
				return trouble("write it", err)
			}
		}
		off, size = off+int64(len(p)), size-int64(len(p))
	}
	return nil
}

// release ends one use of the file; with the last one it is completed.
func (l *longFile) release() {
	if l.pending.Add(-1) > 0 {
		return
	}
	x := l.x
	defer l.f.release()
	if x.mode == verify {
		_ = unix.Close(l.o.fd) // opened for reading
		if !l.failed.Load() {
			x.verified.Add(1)
			x.seen.Add(1)
		}
		return
	}
	if l.failed.Load() {
		_ = unix.Close(l.o.fd) // it is a finding, or the run ended
		return
	}
	x.attributes(l.path, l.o.fd, &l.node, l.o.chown, !l.o.fresh || l.f.acl, l.o.chmod)
	if err := unix.Close(l.o.fd); err != nil {
		x.finding(l.path, trouble("close it", err))
		return
	}
	x.counted(&l.node, l.changed.Load())
	x.seen.Add(1)
}
