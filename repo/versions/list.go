package versions

import (
	"context"
	"iter"
	"strings"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// List returns the names that the directory had, in ascending order, from the
// first that is greater than after. After an error it ends. The names share no
// memory with pages.
func (f *Finder) List(ctx context.Context, path, after string) iter.Seq2[Child, error] {
	return func(yield func(Child, error) bool) {
		_, groups, err := f.groups(ctx, clean(path))
		if err != nil {
			yield(Child{}, err)
			return
		}
		u := union{tree: f.tree, runs: make(map[*tree.Page]*pageRun)}
		for _, g := range groups {
			if err := u.open(ctx, g.ref, after); err != nil {
				yield(Child{}, err)
				return
			}
		}
		for {
			c, ok, err := u.next(ctx)
			if err != nil {
				yield(Child{}, err)
				return
			}
			if !ok || !yield(c, nil) {
				return
			}
		}
	}
}

// union merges the names of directories. Those that stand at the same page go
// over it together.
type union struct {
	tree *tree.Reader
	runs map[*tree.Page]*pageRun
	n    tree.Node
}

// pageRun is a leaf page with the directories that are at it.
type pageRun struct {
	page *tree.Page
	i    int
	dirs []place
}

// place is a directory with the position after its current page.
type place struct {
	ref  chunk.Ref
	next uint64
}

func (u *union) open(ctx context.Context, ref chunk.Ref, after string) error {
	pos, page, err := u.tree.Seek(ctx, ref, after)
	if err != nil {
		return err
	}
	i, found := page.FindString(after)
	first := pos - uint64(i)
	if found {
		i++
	}
	return u.enter(ctx, page, i, place{ref, first + uint64(page.Len())})
}

// enter puts a directory at entry i of a page, or at its next page where the
// page ends there.
func (u *union) enter(ctx context.Context, page *tree.Page, i int, p place) error {
	if i == page.Len() {
		next, first, err := u.tree.Page(ctx, p.ref, p.next)
		if err != nil || next == nil {
			return err
		}
		page, i, p.next = next, 0, first+uint64(next.Len())
	}
	run := u.runs[page]
	if run == nil {
		run = &pageRun{page: page, i: i}
		u.runs[page] = run
	}
	run.dirs = append(run.dirs, p)
	return nil
}

// next returns the least name that is left. All pages that have it go past it,
// so that pages which are met again stand at the same entry: a page is entered
// at its first name or at the first one after a given name, and from then on
// all move with the names.
func (u *union) next(ctx context.Context) (c Child, ok bool, err error) {
	var least []byte
	for _, r := range u.runs {
		if name := r.page.Name(r.i); least == nil || string(name) < string(least) {
			least = name
		}
	}
	if least == nil {
		return c, false, nil
	}
	c.Name = strings.Clone(string(least))
	var ended []*pageRun
	for _, r := range u.runs {
		if string(r.page.Name(r.i)) != c.Name {
			continue
		}
		r.page.Decode(r.i, &u.n)
		c.add(u.n.Type)
		if r.i++; r.i == r.page.Len() {
			ended = append(ended, r)
		}
	}
	for _, r := range ended {
		delete(u.runs, r.page)
	}
	for _, r := range ended {
		for _, p := range r.dirs {
			if err := u.enter(ctx, r.page, r.page.Len(), p); err != nil {
				return c, false, err
			}
		}
	}
	return c, true, nil
}
