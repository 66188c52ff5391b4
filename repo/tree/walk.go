package tree

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"ivyvault/chunk"
)

// Entries returns the nodes of a directory in the order of their names. They
// share the memory of their pages, see Page.Decode; Clone what is kept. After
// an error the sequence ends.
func (r *Reader) Entries(ctx context.Context, dir chunk.Ref) iter.Seq2[Node, error] {
	return nodes(r.Leaves(ctx, dir, ""), "")
}

// After is Entries without those whose names are name or less.
func (r *Reader) After(ctx context.Context, dir chunk.Ref, name string) iter.Seq2[Node, error] {
	return nodes(r.Leaves(ctx, dir, name), name)
}

func nodes(leaves iter.Seq2[*Page, error], after string) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		for p, err := range leaves {
			if err != nil {
				yield(Node{}, err)
				return
			}
			first, found := p.FindString(after)
			if found {
				first++
			}
			for i := first; i < p.Len(); i++ {
				var n Node
				p.Decode(i, &n)
				if !yield(n, nil) {
					return
				}
			}
		}
	}
}

// Leaves returns the leaf pages of a directory in order, from the one where
// name belongs. After an error the sequence ends.
func (r *Reader) Leaves(ctx context.Context, dir chunk.Ref, name string) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		p, err := r.Load(ctx, dir)
		if err != nil {
			yield(nil, err)
			return
		}
		r.leaves(ctx, p, name, yield)
	}
}

func (r *Reader) leaves(ctx context.Context, p *Page, name string, yield func(*Page, error) bool) bool {
	if p.level == 0 {
		return yield(p, nil)
	}
	for i := max(p.below(name), 0); i < p.Len(); i++ {
		c, err := r.child(ctx, p, i)
		if err != nil {
			yield(nil, err)
			return false
		}
		if !r.leaves(ctx, c, name, yield) {
			return false
		}
		name = ""
	}
	return true
}

// Join is the path of an entry in the directory with path dir; that of the
// root is "".
func Join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// Walk calls fn for every entry below root, a directory before its entries, in
// the order of names, with the path of the directory it stands in; that of the
// root is "". n is valid during the call only. Where fn returns fs.SkipDir for
// a directory its entries are left out, for something else the rest of its
// directory; fs.SkipAll ends the walk without an error.
func (r *Reader) Walk(ctx context.Context, root chunk.Ref, fn func(dir string, n *Node) error) error {
	err := r.walk(ctx, root, "", fn)
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

func (r *Reader) walk(ctx context.Context, dir chunk.Ref, path string, fn func(string, *Node) error) error {
	var n Node
	for p, err := range r.Leaves(ctx, dir, "") {
		if err != nil {
			return err
		}
		for i := range p.Len() {
			p.Decode(i, &n)
			err := fn(path, &n)
			if err == fs.SkipDir {
				if n.Type == Dir {
					continue
				}
				return nil
			}
			if err != nil {
				return err
			}
			if n.Type == Dir {
				if err := r.walk(ctx, n.Tree, Join(path, n.Name), fn); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

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
