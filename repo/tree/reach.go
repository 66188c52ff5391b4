package tree

import (
	"context"

	"ivyvault/chunk"
)

// Chunks calls visit for ref and every chunk that is reachable from it, pages,
// lists and data, a chunk as often as something refers to it. What lies below
// a page or list is visited only where visit says so: a caller that keeps a
// set of what it saw answers false for what is in it already.
func (r *Reader) Chunks(ctx context.Context, ref chunk.Ref, visit func(chunk.Ref) (below bool, err error)) error {
	below, err := visit(ref)
	if err != nil || !below {
		return err
	}
	switch ref.Kind {
	case chunk.Page:
		p, err := r.Load(ctx, ref)
		if err != nil {
			return err
		}
		return r.pageChunks(ctx, p, visit)
	case chunk.List:
		p, err := r.LoadList(ctx, ref)
		if err != nil {
			return err
		}
		return r.listChunks(ctx, p, visit)
	}
	return nil
}

func (r *Reader) pageChunks(ctx context.Context, p *Page, visit func(chunk.Ref) (bool, error)) error {
	for i := range p.Refs() {
		if p.level == 0 {
			if err := r.Chunks(ctx, p.Ref(i), visit); err != nil {
				return err
			}
			continue
		}
		below, err := visit(p.Ref(i))
		if err != nil {
			return err
		}
		if !below {
			continue
		}
		c, err := r.child(ctx, p, i)
		if err == nil {
			err = r.pageChunks(ctx, c, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) listChunks(ctx context.Context, p *ListPage, visit func(chunk.Ref) (bool, error)) error {
	for i := range p.Len() {
		it := p.Item(i)
		if it.Ref.IsZero() {
			continue
		}
		below, err := visit(it.Ref)
		if err != nil {
			return err
		}
		if !below || p.level == 0 {
			continue
		}
		c, err := r.listChild(ctx, p, i)
		if err == nil {
			err = r.listChunks(ctx, c, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
