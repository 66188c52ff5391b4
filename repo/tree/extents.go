package tree

import (
	"context"
	"errors"

	"ivyvault/chunk"
)

// Extent is a piece of a file: Size bytes of it, from Offset on.
type Extent struct {
	Offset uint64
	Size   uint64
	Ref    chunk.Ref // the chunk that holds them, zero for a hole or inline bytes
	Inner  uint32    // where in the chunk they begin
	Inline []byte    // the bytes themselves, where they stand in the node
}

// Hole reports whether the bytes are zeros that are stored nowhere.
func (x *Extent) Hole() bool { return x.Ref.IsZero() && x.Inline == nil }

// errStop ends an iteration early; it never leaves the package.
var errStop = errors.New("stop")

// Extents calls fn for each piece of the file in order, from the one that
// holds byte from (whole, so it may begin before) until the end, or until fn
// returns an error, which Extents returns.
func (f *OpenFile) Extents(ctx context.Context, from int64, fn func(Extent) error) error {
	if from < 0 || uint64(from) >= f.size {
		return nil
	}
	x := Extent{Size: f.size}
	switch f.c.Form {
	case Inline:
		x.Inline = f.c.Inline
		return fn(x)
	case Slice:
		x.Ref, x.Inner = f.c.Ref, f.c.Offset
		return fn(x)
	case Chunked:
		x.Ref = f.c.Ref
		return fn(x)
	}
	p, err := f.listTop(ctx)
	if err != nil {
		return err
	}
	return f.r.extents(ctx, p, 0, uint64(from), fn)
}

// extents goes over the part of a file that p stands for, which begins at base.
func (r *Reader) extents(ctx context.Context, p *ListPage, base, from uint64, fn func(Extent) error) error {
	i := 0
	if from > base {
		i = p.Find(from - base)
	}
	for ; i < p.Len(); i++ {
		at := base + p.Before(i)
		if p.level > 0 {
			c, err := r.listChild(ctx, p, i)
			if err == nil {
				err = r.extents(ctx, c, at, from, fn)
			}
			if err != nil {
				return err
			}
			continue
		}
		it := p.Item(i)
		if err := fn(Extent{Offset: at, Size: it.Size, Ref: it.Ref}); err != nil {
			return err
		}
	}
	return nil
}
