package tree

import (
	"context"
	"errors"
	"io/fs"

	"ivyvault/chunk"
)

// Diff calls fn for every entry that is not Equal in the directory trees a and
// b, in the order of names, a directory before its entries, with the path of
// the directory it stands in ("" for the roots). old is nil for what only b
// has, new for what only a has; both are valid during the call only. A
// directory whose entries differ is itself different. What is in a directory
// that only one side has is reported too; fs.SkipDir for a directory leaves
// its entries out, fs.SkipAll ends the comparison without an error.
//
// Pages that both sides share are not read: two large directories that differ
// in one entry cost one page a level and side.
func (r *Reader) Diff(ctx context.Context, a, b chunk.Ref, fn func(dir string, old, new *Node) error) error {
	err := r.diff(ctx, "", a, b, fn)
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

type differ = func(dir string, old, new *Node) error

// diff compares two directories; a zero Ref stands for one that is not there.
func (r *Reader) diff(ctx context.Context, path string, a, b chunk.Ref, fn differ) error {
	if a == b {
		return nil
	}
	var ca, cb cursor
	for _, x := range []struct {
		c   *cursor
		ref chunk.Ref
	}{{&ca, a}, {&cb, b}} {
		if err := x.c.start(ctx, r, x.ref); err != nil {
			return err
		}
	}
	for !ca.end() || !cb.end() {
		order := compare(&ca, &cb)
		switch {
		case order == 0 && ca.page() && cb.page() && ca.ref() == cb.ref():
			ca.next()
			cb.next()
			continue
		case ca.page() && (order < 0 || order == 0 && ca.level() >= cb.level()):
			if err := ca.down(ctx, r); err != nil {
				return err
			}
			continue
		case cb.page() && order >= 0:
			if err := cb.down(ctx, r); err != nil {
				return err
			}
			continue
		}
		var old, new *Node
		if order <= 0 {
			old = ca.node()
		}
		if order >= 0 {
			new = cb.node()
		}
		if err := r.differ(ctx, path, old, new, fn); err != nil {
			return err
		}
		if order <= 0 {
			ca.next()
		}
		if order >= 0 {
			cb.next()
		}
	}
	return nil
}

// differ reports one pair of entries and what is below them.
func (r *Reader) differ(ctx context.Context, path string, old, new *Node, fn differ) error {
	if old != nil && new != nil && old.Equal(new) {
		return nil
	}
	var a, b chunk.Ref
	var name string
	if old != nil {
		name = old.Name
		a = old.Tree // zero where it is no directory
	}
	if new != nil {
		name = new.Name
		b = new.Tree
	}
	switch err := fn(path, old, new); {
	case err == fs.SkipDir:
		return nil
	case err != nil:
		return err
	}
	return r.diff(ctx, Join(path, name), a, b, fn)
}

// compare orders two cursors by the name they stand at; the end is last.
func compare(a, b *cursor) int {
	switch {
	case a.end():
		return 1
	case b.end():
		return -1
	}
	x, y := a.name(), b.name()
	switch {
	case string(x) < string(y):
		return -1
	case string(x) > string(y):
		return 1
	}
	return 0
}

// cursor goes over a directory in order, at each place as high above the
// leaves as it can be: after the last entry of a page it stands at the next
// page as a whole, and goes down into it only when told.
type cursor struct {
	stack []spot
	n     Node
}

type spot struct {
	p *Page
	i int
}

func (c *cursor) start(ctx context.Context, r *Reader, dir chunk.Ref) error {
	if dir.IsZero() {
		return nil
	}
	p, err := r.Load(ctx, dir)
	if err != nil {
		return err
	}
	if p.Len() > 0 {
		c.stack = append(c.stack, spot{p, 0})
	}
	return nil
}

func (c *cursor) top() *spot   { return &c.stack[len(c.stack)-1] }
func (c *cursor) end() bool    { return len(c.stack) == 0 }
func (c *cursor) name() []byte { return c.top().p.Name(c.top().i) }

// page reports whether the cursor stands at a page, not at an entry.
func (c *cursor) page() bool { return !c.end() && c.top().p.level > 0 }
func (c *cursor) level() int { return c.top().p.level }

func (c *cursor) ref() chunk.Ref {
	r, _ := c.top().p.Child(c.top().i)
	return r
}

func (c *cursor) node() *Node {
	c.top().p.Decode(c.top().i, &c.n)
	return &c.n
}

func (c *cursor) down(ctx context.Context, r *Reader) error {
	p, err := r.child(ctx, c.top().p, c.top().i)
	if err == nil {
		c.stack = append(c.stack, spot{p, 0})
	}
	return err
}

func (c *cursor) next() {
	for len(c.stack) > 0 {
		t := c.top()
		if t.i++; t.i < t.p.Len() {
			return
		}
		c.stack = c.stack[:len(c.stack)-1]
	}
}
