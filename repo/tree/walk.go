package tree

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"ivyvault/chunk"
)

// Entries returns the nodes of a directory in the order of their names. They
// share the memory of their pages, see Page.Decode; Clone what is kept. An
// error stands for the entries of one unreadable page: where the loop goes on,
// so does the sequence, with the next page. Only a cancelled ctx ends it.
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
				if !yield(Node{}, err) {
					return
				}
				continue
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
// name belongs. Errors are as with Entries.
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
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return false
		}
		c, err := r.child(ctx, p, i)
		if err != nil {
			if !yield(nil, err) {
				return false
			}
		} else if !r.leaves(ctx, c, name, yield) {
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
	return r.WalkPast(ctx, root, fn, func(_ string, err error) error { return err })
}

// WalkPast is Walk that can go on where a page can't be read: unreadable is
// called with the directory's path and the error, and where it returns nil the
// walk continues with the next page. Otherwise its error ends the walk.
func (r *Reader) WalkPast(ctx context.Context, root chunk.Ref, fn func(dir string, n *Node) error, unreadable func(dir string, err error) error) error {
	w := walker{r, fn, unreadable}
	err := w.walk(ctx, root, "")
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

type walker struct {
	r          *Reader
	fn         func(dir string, n *Node) error
	unreadable func(dir string, err error) error
}

func (w *walker) walk(ctx context.Context, dir chunk.Ref, path string) error {
	var n Node
	for p, err := range w.r.Leaves(ctx, dir, "") {
		if err != nil {
			if err := w.unreadable(path, err); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			continue
		}
		for i := range p.Len() {
			p.Decode(i, &n)
			err := w.fn(path, &n)
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
				if err := w.walk(ctx, n.Tree, Join(path, n.Name)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
