package tree

import (
	"context"

	"ivyvault/chunk"
)

// Follower looks up names in one directory that come in ascending order, as a
// backup does with its parent's: each page is read at most once, and pages
// between two names that follow each other not at all. It keeps one page a
// level. Other orders give right answers too, more slowly. It must not be used
// concurrently.
type Follower struct {
	r   *Reader
	dir chunk.Ref
	way []spot // from the top page to a leaf
}

// Follow returns a Follower of the directory. The zero Ref stands for no
// directory, in which nothing is found.
func (r *Reader) Follow(dir chunk.Ref) *Follower { return &Follower{r: r, dir: dir} }

// Find sets n to the entry with the name, if there is one. n then shares the
// memory of its page, see Page.Decode.
func (f *Follower) Find(ctx context.Context, name string, n *Node) (bool, error) {
	if f.dir.IsZero() {
		return false, nil
	}
	f.up(name)
	if len(f.way) == 0 {
		p, err := f.r.Load(ctx, f.dir)
		if err != nil {
			return false, err
		}
		f.way = append(f.way, spot{p, 0})
	}
	for {
		at := &f.way[len(f.way)-1]
		if at.p.level == 0 {
			return f.in(at, name, n), nil
		}
		i := at.p.below(name)
		if i < 0 {
			return false, nil
		}
		at.i = i
		p, err := f.r.child(ctx, at.p, i)
		if err != nil {
			return false, err
		}
		f.way = append(f.way, spot{p, 0})
	}
}

// up leaves the pages in which the name can't be, but for the top one.
func (f *Follower) up(name string) {
	for k := len(f.way) - 1; k > 0; k-- {
		t := f.way[k-1] // the table that leads to page k
		if name >= string(t.p.Name(t.i)) && (t.i+1 == t.p.Len() || name < string(t.p.Name(t.i+1))) {
			continue
		}
		f.way = f.way[:k]
	}
}

// in finds the name in a leaf, mostly right after the last one.
func (f *Follower) in(at *spot, name string, n *Node) bool {
	i := at.i
	if i >= at.p.Len() || string(at.p.Name(i)) != name {
		var ok bool
		if i, ok = at.p.FindString(name); !ok {
			at.i = i
			return false
		}
	}
	at.p.Decode(i, n)
	at.i = i + 1
	return true
}
