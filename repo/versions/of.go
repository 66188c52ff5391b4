package versions

import (
	"context"
	"slices"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// content is what makes two entries the same version. Where the same bytes are
// stored in two ways, which happens where a limit between them was changed,
// they count as two.
type content struct {
	typ    tree.Type
	form   tree.Form
	size   uint64
	id     chunk.ID
	inline string // bytes, or a link's target
	rdev   uint64
}

func contentOf(n *tree.Node) content {
	c := content{typ: n.Type, form: n.Content.Form, size: n.Size, inline: n.Target, rdev: n.Rdev}
	switch n.Content.Form {
	case tree.Inline:
		c.inline = string(n.Content.Inline)
	case tree.Slice:
		c.id = n.Content.Hash
	case tree.Chunked, tree.Listed:
		c.id = n.Content.Ref.ID
	}
	return c
}

// Stat tells what the path was; the zero Child where it never was anything.
func (f *Finder) Stat(ctx context.Context, path string) (Child, error) {
	path = clean(path)
	if path == "" {
		return Child{Dir: true}, nil
	}
	dir, name := split(path)
	c := Child{Name: name}
	_, err := f.entries(ctx, dir, name, func(n *tree.Node, _ []int32) { c.add(n.Type) })
	return c, err
}

func (c *Child) add(t tree.Type) {
	if t == tree.Dir {
		c.Dir = true
	} else {
		c.File = true
	}
}

// Of returns each distinct version of the file once, in the order of the
// oldest snapshots that hold them. Where the path never was a file there are
// none.
func (f *Finder) Of(ctx context.Context, path string) ([]Version, error) {
	list, all, err := f.held(ctx, clean(path))
	if err != nil {
		return nil, err
	}
	return ordered(list, all), nil
}

// held is a version with the indexes of the snapshots that hold it, ascending.
type held struct {
	node  tree.Node // of the oldest
	snaps []int32
}

// held returns the versions of a file in any order.
func (f *Finder) held(ctx context.Context, path string) ([]Snapshot, []held, error) {
	if path == "" {
		return nil, nil, nil
	}
	at := make(map[content]int)
	var all []held
	dir, name := split(path)
	list, err := f.entries(ctx, dir, name, func(n *tree.Node, snaps []int32) {
		if n.Type == tree.Dir {
			return
		}
		key := contentOf(n)
		i, ok := at[key]
		if !ok {
			i = len(all)
			at[key] = i
			all = append(all, held{node: *n})
		}
		if v := &all[i]; len(v.snaps) > 0 && snaps[0] < v.snaps[0] {
			v.node = *n
		}
		all[i].snaps = append(all[i].snaps, snaps...)
		slices.Sort(all[i].snaps)
	})
	return list, all, err
}

// ordered puts versions in order and names their snapshots.
func ordered(list []Snapshot, all []held) []Version {
	slices.SortFunc(all, func(a, b held) int { return int(a.snaps[0] - b.snaps[0]) })
	versions := make([]Version, len(all))
	for i, v := range all {
		versions[i].Node = v.node
		versions[i].Snapshots = make([]Snapshot, 0, len(v.snaps))
		for _, s := range v.snaps {
			versions[i].Snapshots = append(versions[i].Snapshots, list[s])
		}
	}
	return versions
}
