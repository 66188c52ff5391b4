package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// settled is how old a change must be when a file is read, so that a later
// change can't bear the same time: file systems stamp with the clock of the
// last timer tick, at most 10 ms before.
const settled = 20 * time.Millisecond

// readItem reads what the walk asked for. Only a store's failure ends the run,
// and that the assembler meets itself; everything else is the item's.
func (x *run) readItem(ctx context.Context, it *item, room *reading) {
	if it.node.Type != tree.File {
		it.err = x.readXattrs(it, nil)
		return
	}
	path := it.entry.Path
	if it.node.Size > maxSmall { // small ones are told of by the batch
		x.tell(path)
	}
	err := x.readFile(ctx, it, room)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		it.gone = true
		x.obs.Notice(path, "it vanished before it was read")
	case ctx.Err() != nil:
		it.err = context.Cause(ctx)
	default:
		it.err = err
	}
}

// tell notes what is being read.
func (x *run) tell(path string) { x.current.Store(&path) }

// readBatch reads what must be read of a batch.
func (x *run) readBatch(ctx context.Context, b *batch) {
	defer close(b.done)
	x.tell(b.items[0].entry.Path)
	room := x.roomFor(b)
	for i := range b.items {
		if it := &b.items[i]; it.read {
			x.readItem(ctx, it, &room)
		}
	}
}

func (x *run) readFile(ctx context.Context, it *item, room *reading) error {
	began := room.clock()
	f, err := it.entry.Open(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	if it.node.Size <= maxSmall {
		err = x.readSmall(ctx, it, f, room)
	} else {
		room.began = time.Time{} // the next file may be read much later
		err = x.readLarge(ctx, it, f, nil)
	}
	if err != nil {
		return err
	}
	if it.small != nil || it.node.Content.Form == tree.Inline {
		x.read.Add(int64(it.node.Size)) // larger ones were counted piece by piece
	}
	x.bytesRead.Add(int64(it.node.Size))
	if err := x.readXattrs(it, f); err != nil {
		return err
	}
	x.distrust(it, f, began)
	return nil
}

// distrust gives the node an empty stamp, which never counts as unchanged,
// where the file changed while it was read or so shortly before that the next
// change could bear the same time.
func (x *run) distrust(it *item, f io.Reader, began time.Time) {
	if it.node.Stamp != nil {
		return
	}
	if c, ok := f.(sources.Checker); ok {
		if changed, err := c.Changed(); changed || err != nil {
			it.node.Stamp = []byte{}
			x.obs.Notice(it.entry.Path, "it changed while it was read; it is read again next time")
			return
		}
	}
	c := it.node.CTime
	if c != (tree.Time{}) && began.Sub(time.Unix(c.Sec, int64(c.Nsec))) < settled {
		it.node.Stamp = []byte{}
	}
}

// readXattrs fills in the extended attributes.
func (x *run) readXattrs(it *item, f io.Reader) error {
	var all []sources.Xattr
	var err error
	if a, ok := f.(sources.Attributed); ok {
		all, err = a.Xattrs()
	} else {
		all, err = it.entry.Xattrs()
	}
	if err != nil {
		return fmt.Errorf("extended attributes: %w", err)
	}
	it.node.Xattrs = nil
	for _, a := range all {
		it.node.Xattrs = append(it.node.Xattrs, tree.Xattr(a))
	}
	return nil
}

// readSmall reads a content that goes into a bundle or into the node itself. A
// file that has grown beyond what is small goes on as a large one.
func (x *run) readSmall(ctx context.Context, it *item, f io.Reader, room *reading) error {
	_, checked := f.(sources.Checker)
	p := room.text[:it.node.Size+1]
	n, ended, err := readAll(f, p, 0, int(it.node.Size), checked)
	if err == nil && !ended { // it has grown
		it.own = x.small.get(maxSmall + 1)
		p = it.own[:maxSmall+1]
		n, ended, err = readAll(f, p, copy(p, room.text[:n]), -1, checked)
	}
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if !ended {
		return x.readLarge(ctx, it, f, p[:n])
	}
	it.node.Size = uint64(n)
	switch {
	case n == 0:
	case tree.SmallContent(n):
		it.node.Content = tree.Content{Form: tree.Inline, Inline: room.inlined(p[:n])}
	case n > maxSmall:
		return x.readLarge(ctx, it, eof{}, p[:n])
	default:
		it.small = p[:n]
		if it.own == nil {
			room.text = room.text[n:]
		}
	}
	return nil
}

// readAll reads into p, of which n bytes are filled, until the content ends or
// p is full; ended tells which. Where it is asked afterwards whether the file has
// changed, the read that would only find the end at size is spared.
func readAll(f io.Reader, p []byte, n, size int, checked bool) (_ int, ended bool, err error) {
	for n < len(p) {
		m, err := f.Read(p[n:])
		n += m
		if err == io.EOF || err == nil && checked && n == size {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// readLarge cuts a content into chunks and stores them; begin was read already.
func (x *run) readLarge(ctx context.Context, it *item, f io.Reader, begin []byte) error {
	list := tree.NewListWriter(x.put)
	p := newPutting(ctx, x, list)
	defer p.wait()
	var err error
	if e, ok := f.(sources.Extents); ok && len(begin) == 0 {
		err = x.readExtents(p, f, e, int64(it.node.Size))
	} else {
		err = x.cutStream(p, io.MultiReader(bytesReader(begin), f))
	}
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	content, size, err := list.Close(ctx)
	if err != nil {
		return err
	}
	it.node.Content, it.node.Size = content, size
	return nil
}

// readExtents reads the runs of data and notes the holes between them.
func (x *run) readExtents(p *putting, f io.Reader, e sources.Extents, size int64) error {
	seek, _ := f.(io.ReaderAt)
	data, end, err := e.NextData(0)
	if seek == nil || err == nil && data == 0 && end >= size {
		return x.cutStream(p, f)
	}
	at := int64(0)
	for {
		if err == io.EOF || err == nil && data >= size {
			return p.hole(uint64(max(0, size-at)))
		}
		if err != nil {
			return x.cutStream(p, f) // holes can't be told: read all of it
		}
		end = min(end, size)
		if err := p.hole(uint64(data - at)); err != nil {
			return err
		}
		if err := x.cutStream(p, io.NewSectionReader(seek, data, end-data)); err != nil {
			return err
		}
		if at = end; at >= size {
			return nil
		}
		data, end, err = e.NextData(at)
	}
}

// cutStream cuts one run of bytes into chunks.
func (x *run) cutStream(p *putting, r io.Reader) error {
	s := x.split.Split(r)
	defer s.Close()
	for {
		piece, err := s.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.chunk(piece); err != nil {
			return err
		}
		x.read.Add(int64(len(piece)))
	}
}

func bytesReader(p []byte) io.Reader {
	if len(p) == 0 {
		return eof{}
	}
	return &once{p}
}

// once reads a slice.
type once struct{ p []byte }

func (o *once) Read(p []byte) (int, error) {
	if len(o.p) == 0 {
		return 0, io.EOF
	}
	n := copy(p, o.p)
	o.p = o.p[n:]
	return n, nil
}

var _ chunk.Putter = dryPutter{}
