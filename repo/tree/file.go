package tree

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"ivyvault/chunk"
)

// OpenFile reads the bytes of one file at any place. It may be used
// concurrently, and need not be closed.
type OpenFile struct {
	r     *Reader
	size  uint64
	c     Content
	slice atomic.Pointer[[]byte] // a slice's bytes, once verified
}

// Open returns the file's bytes for reading. Nothing is read yet. The node may
// be changed afterwards, but not its inline content.
func (r *Reader) Open(n *Node) (*OpenFile, error) {
	if n.Type != File {
		return nil, fmt.Errorf("%q is no regular file", n.Name)
	}
	if f := contentFault(&n.Content, n.Size); f != "" {
		return nil, &NodeError{n.Name, f}
	}
	return &OpenFile{r: r, size: n.Size, c: n.Content}, nil
}

// Size returns the file's length in bytes.
func (f *OpenFile) Size() int64 { return int64(f.size) }

// ReadAt fills p with the bytes that begin at off, and returns io.EOF where
// the file ends before p is full.
func (f *OpenFile) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("a file can't be read at negative offset %d", off)
	}
	if uint64(off) >= f.size {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	var end error
	if rest := f.size - uint64(off); uint64(len(p)) > rest {
		p, end = p[:rest], io.EOF
	}
	n, err := f.read(ctx, p, uint64(off))
	if err != nil {
		return n, err
	}
	return n, end
}

// read fills p, which lies within the file.
func (f *OpenFile) read(ctx context.Context, p []byte, off uint64) (int, error) {
	switch f.c.Form {
	case Inline:
		return copy(p, f.c.Inline[off:]), nil
	case Slice:
		b, err := f.Whole(ctx)
		if err != nil {
			return 0, err
		}
		return copy(p, b[off:]), nil
	case Chunked:
		return f.r.readChunk(ctx, f.c.Ref, p, off)
	}
	return f.readList(ctx, p, off)
}

func (r *Reader) readChunk(ctx context.Context, ref chunk.Ref, p []byte, off uint64) (int, error) {
	b, err := r.get.GetRange(ctx, ref, int(off), len(p))
	if err != nil {
		return 0, err
	}
	return copy(p, b), nil
}

// Whole returns all bytes of a file that is Empty, Inline or a Slice, verified
// by its content hash, without copying them; the caller must not change them.
// For other forms it is an error.
func (f *OpenFile) Whole(ctx context.Context) ([]byte, error) {
	switch f.c.Form {
	case Empty:
		return nil, nil
	case Inline:
		return f.c.Inline, nil
	case Slice:
	default:
		return nil, fmt.Errorf("a file of %d bytes is not read as a whole", f.size)
	}
	if b := f.slice.Load(); b != nil {
		return *b, nil
	}
	b, err := f.r.get.GetRange(ctx, f.c.Ref, int(f.c.Offset), int(f.size))
	if err != nil {
		return nil, err
	}
	if f.r.hash(b) != f.c.Hash {
		return nil, damaged(f.c.Ref, fmt.Sprintf("the file of %d bytes at %d in it differs from its content hash", f.size, f.c.Offset), nil)
	}
	f.slice.Store(&b)
	return b, nil
}

// LoadList returns one page of a content list, from the cache or decoded.
func (r *Reader) LoadList(ctx context.Context, ref chunk.Ref) (*ListPage, error) {
	if p, ok := r.cache.get(ref).(*ListPage); ok {
		return p, nil
	}
	if ref.Kind != chunk.List {
		return nil, damaged(ref, "it stands where a content list is expected", nil)
	}
	b, err := r.get.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	p, err := ParseListPage(b)
	if err != nil {
		return nil, damaged(ref, "it can't be decoded", err)
	}
	r.cache.add(ref, p)
	return p, nil
}

// listTop returns the top page of the file's list.
func (f *OpenFile) listTop(ctx context.Context) (*ListPage, error) {
	p, err := f.r.LoadList(ctx, f.c.Ref)
	if err == nil && p.Size() != f.size {
		err = damaged(f.c.Ref, fmt.Sprintf("it lists %d bytes of a file of %d", p.Size(), f.size), nil)
	}
	return p, err
}

func (r *Reader) listChild(ctx context.Context, p *ListPage, i int) (*ListPage, error) {
	it := p.Item(i)
	c, err := r.LoadList(ctx, it.Ref)
	switch {
	case err != nil:
		return nil, err
	case c.level != p.level-1:
		return nil, damaged(it.Ref, fmt.Sprintf("a page of level %d below one of level %d", c.level, p.level), nil)
	case c.Size() != it.Size:
		return nil, damaged(it.Ref, "it lists not as many bytes as were announced", nil)
	}
	return c, nil
}

func (f *OpenFile) readList(ctx context.Context, p []byte, off uint64) (int, error) {
	done := 0
	err := f.Extents(ctx, int64(off), func(x Extent) error {
		in := off + uint64(done) - x.Offset // what of the extent lies before p
		part := p[done:min(uint64(len(p)), uint64(done)+x.Size-in)]
		if x.Hole() {
			clear(part)
			done += len(part)
		} else {
			n, err := f.r.readChunk(ctx, x.Ref, part, in)
			done += n
			if err != nil {
				return err
			}
		}
		if done == len(p) {
			return errStop
		}
		return nil
	})
	if err == errStop {
		err = nil
	}
	return done, err
}
