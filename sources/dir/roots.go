package dir

import (
	"sort"
	"strings"
)

// root is a node of the tree that the roots and the directories above them
// form. A whole one is captured with all that is below it.
type root struct {
	name  string
	whole bool
	kids  []*root // sorted by name
}

// plant makes the tree of clean absolute paths.
func plant(paths []string) *root {
	top := &root{}
	for _, p := range paths {
		at := top
		for _, name := range strings.Split(p, "/") {
			if name != "" {
				at = at.kid(name)
			}
		}
		at.whole = true
	}
	top.fold()
	return top
}

func (r *root) kid(name string) *root {
	for _, k := range r.kids {
		if k.name == name {
			return k
		}
	}
	k := &root{name: name}
	r.kids = append(r.kids, k)
	return k
}

// fold drops what lies below a whole node and sorts the rest.
func (r *root) fold() {
	if r.whole {
		r.kids = nil
	}
	sort.Slice(r.kids, func(i, j int) bool { return r.kids[i].name < r.kids[j].name })
	for _, k := range r.kids {
		k.fold()
	}
}
