// Package versions tells what a path was over all snapshots: which distinct
// versions a file had, and which names a directory had.
//
// A version is a content: two entries of a path are the same version where
// type and bytes are the same, whatever their times, owners and modes. A file
// that was changed and changed back has two versions, one of them in more
// snapshots.
//
// A Finder answers from the snapshots themselves and needs no table. A
// directory that is the same in many snapshots is looked at once, and of
// directories that differ, pages that they share are.
//
// A Tabled answers from a table in a cache folder, and from the snapshots only
// where the table lacks them. Fold brings the table up to date.
//
// Promise: both give the same answers. The table is a cache; losing it, or a
// part of it, costs time only.
package versions

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// Snapshot is a tree with when and where it was taken.
type Snapshot struct {
	ID   [32]byte
	Time time.Time
	Host string
	Root chunk.Ref
	// Set names the backup set. Snapshots of one set are alike, so that
	// comparing them costs little; a wrong name costs time only.
	Set string
}

// Child is a name with what it was in some snapshot: a directory, or a file, a
// link, a device and so on, which all count as File. It may have been both.
type Child struct {
	Name      string
	File, Dir bool
}

// Version is one content that a file had. Node is its entry in the oldest
// snapshot that holds it, and shares no memory with a page.
type Version struct {
	Node      tree.Node
	Snapshots []Snapshot // that hold it, oldest first
}

// Finder answers for the snapshots that it was given. It may be used
// concurrently. Paths are relative to the snapshots' roots, slash separated,
// "" for the root.
type Finder struct {
	tree *tree.Reader

	mu   sync.Mutex
	list []Snapshot
	dirs map[string][]group // by path, what directories it was
}

// group is a directory with the snapshots in which a path was just that.
type group struct {
	ref   chunk.Ref
	snaps []int32 // indexes into the list, ascending
}

// dirsKept is how many paths are remembered.
const dirsKept = 512

// New returns a Finder without snapshots.
func New(r *tree.Reader) *Finder { return &Finder{tree: r} }

// Set replaces the snapshots.
func (f *Finder) Set(list []Snapshot) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Snapshot) int { return a.Time.Compare(b.Time) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.dirs = list, nil
}

// state returns the snapshots, and what is known of the path.
func (f *Finder) state(path string) (list []Snapshot, known []group, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok = f.dirs[path]
	return f.list, known, ok
}

// remember keeps what was found for a path, unless the list changed meanwhile.
func (f *Finder) remember(path string, list []Snapshot, groups []group) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(list) != len(f.list) || len(list) > 0 && &list[0] != &f.list[0] {
		return
	}
	if f.dirs == nil || len(f.dirs) >= dirsKept {
		f.dirs = make(map[string][]group)
	}
	f.dirs[path] = groups
}

func split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// clean drops what means nothing in a path.
func clean(path string) string {
	if !strings.HasPrefix(path, "/") && !strings.HasSuffix(path, "/") && !strings.Contains(path, "//") {
		return path
	}
	return strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "/")
}

// groups returns the distinct directories that the path was, in the order of
// the oldest snapshot that has each.
func (f *Finder) groups(ctx context.Context, path string) ([]Snapshot, []group, error) {
	list, known, ok := f.state(path)
	if ok {
		return list, known, nil
	}
	var found collector
	if path == "" {
		for i, s := range list {
			found.add(s.Root, []int32{int32(i)})
		}
	} else {
		dir, name := split(path)
		var err error
		list, err = f.entries(ctx, dir, name, func(n *tree.Node, snaps []int32) {
			if n.Type == tree.Dir {
				found.add(n.Tree, snaps)
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	groups := found.sorted()
	f.remember(path, list, groups)
	return list, groups, nil
}

// entries calls fn with each entry that name was in the directories that dir
// was, and the snapshots that it stands in.
func (f *Finder) entries(ctx context.Context, dir, name string, fn func(*tree.Node, []int32)) ([]Snapshot, error) {
	list, groups, err := f.groups(ctx, dir)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		n, err := f.tree.Lookup(ctx, g.ref, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		fn(&n, g.snaps)
	}
	return list, nil
}

// collector puts the snapshots of equal directories together.
type collector struct {
	at     map[chunk.Ref]int
	groups []group
}

func (c *collector) add(ref chunk.Ref, snaps []int32) {
	if c.at == nil {
		c.at = make(map[chunk.Ref]int)
	}
	i, ok := c.at[ref]
	if !ok {
		i = len(c.groups)
		c.at[ref] = i
		c.groups = append(c.groups, group{ref: ref})
	}
	c.groups[i].snaps = append(c.groups[i].snaps, snaps...)
}

func (c *collector) sorted() []group {
	for _, g := range c.groups {
		slices.Sort(g.snaps)
	}
	slices.SortFunc(c.groups, func(a, b group) int { return int(a.snaps[0] - b.snaps[0]) })
	return c.groups
}
