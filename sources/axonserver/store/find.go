package store

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"ivyvault/sources/axonserver/segment"
)

// Store is what lies in a file system: names and sizes, nothing of it proven.
type Store struct {
	Contexts []Context // sorted by name
}

// Context is the files of a context. Stores that keep snapshots apart from
// events have two directories for it, of one name.
type Context struct {
	Name      string // of the directory; "." at the root. Where two have one name, the whole path
	Events    Series
	Snapshots Series
}

// Series is the segments of one kind in a context.
type Series struct {
	Kind       segment.Kind
	Dir        string
	Segments   []Segment // the highest version of each, in the order of their numbers
	Superseded []Segment // the other versions
	Doubles    []Segment // files with the number and version of one in Segments or Superseded
	Strays     []string  // paths of index files of no segment
}

// Segment is a file with the files that belong to it.
type Segment struct {
	Name    segment.Name
	Path    string
	Size    int64
	Indexed bool // its index is there: .index and .bloom, or .nindex, and not empty
}

// NotFoundError says that a file system holds no event store.
type NotFoundError struct{ Files int64 }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no event store is there: among %d files none has a name such as %s", e.Files, segment.Name{})
}

// Find looks for contexts in all directories. A directory that can't be read
// is an error; finding none is a *NotFoundError.
func Find(ctx context.Context, fsys fs.FS) (*Store, error) {
	dirs := map[string][]file{}
	var seen int64
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		seen++
		n, ok := segment.ParseName(d.Name())
		if !ok {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		dirs[dir] = append(dirs[dir], file{n, name, info.Size()})
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &Store{}
	for dir, files := range dirs {
		s.Contexts = append(s.Contexts, Context{Name: dir, Events: newSeries(segment.Events, dir, files), Snapshots: newSeries(segment.Snapshots, dir, files)})
	}
	if len(s.Contexts) == 0 {
		return nil, &NotFoundError{seen}
	}
	s.join()
	return s, nil
}

// file is a file of a segment.
type file struct {
	name segment.Name
	path string
	size int64
}

func newSeries(kind segment.Kind, dir string, files []file) Series {
	type key struct {
		number  int64
		version int
		part    segment.Part
	}
	parts := map[key]bool{} // those that are not empty; true where a segment has them
	s := Series{Kind: kind, Dir: dir}
	var data []Segment
	for _, f := range files {
		switch {
		case f.name.Kind != kind:
		case f.name.Part == segment.Data:
			data = append(data, Segment{Name: f.name, Path: f.path, Size: f.size})
		case f.size > 0:
			parts[key{f.name.Number, f.name.Version, f.name.Part}] = false
		}
	}
	slices.SortFunc(data, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.Name.Number, b.Name.Number), cmp.Compare(b.Name.Version, a.Name.Version), cmp.Compare(a.Path, b.Path))
	})
	for i, d := range data {
		has := func(p segment.Part) bool {
			k := key{d.Name.Number, d.Name.Version, p}
			_, ok := parts[k]
			if ok {
				parts[k] = true
			}
			return ok
		}
		index, bloom, jump := has(segment.Index), has(segment.Bloom), has(segment.JumpIndex)
		d.Indexed = index && bloom || jump
		switch {
		case i > 0 && data[i-1].Name.Number == d.Name.Number && data[i-1].Name.Version == d.Name.Version:
			s.Doubles = append(s.Doubles, d)
		case i > 0 && data[i-1].Name.Number == d.Name.Number:
			s.Superseded = append(s.Superseded, d)
		default:
			s.Segments = append(s.Segments, d)
		}
	}
	for _, f := range files {
		used, there := parts[key{f.name.Number, f.name.Version, f.name.Part}]
		if f.name.Kind == kind && there && !used && f.name.Part != segment.GlobalIndex {
			s.Strays = append(s.Strays, f.path)
		}
	}
	return s
}

// join gives contexts their names, and puts events and snapshots together that
// lie in two directories of one name.
func (s *Store) join() {
	slices.SortFunc(s.Contexts, func(a, b Context) int { return cmp.Compare(a.Name, b.Name) })
	byBase := map[string][]*Context{}
	for i := range s.Contexts {
		c := &s.Contexts[i]
		base := path.Base(c.Name)
		byBase[base] = append(byBase[base], c)
	}
	for base, same := range byBase {
		switch {
		case len(same) == 1:
			same[0].Name = base
		case len(same) == 2 && same[0].only(segment.Events) && same[1].only(segment.Snapshots):
			same[0].Name, same[0].Snapshots, same[1].Name = base, same[1].Snapshots, ""
		case len(same) == 2 && same[1].only(segment.Events) && same[0].only(segment.Snapshots):
			same[0].Name, same[0].Events, same[1].Name = base, same[1].Events, ""
		}
	}
	s.Contexts = slices.DeleteFunc(s.Contexts, func(c Context) bool { return c.Name == "" })
	slices.SortFunc(s.Contexts, func(a, b Context) int { return cmp.Compare(a.Name, b.Name) })
}

// only reports whether the context has files of one kind and none of the other.
func (c *Context) only(kind segment.Kind) bool {
	one, other := &c.Events, &c.Snapshots
	if kind == segment.Snapshots {
		one, other = other, one
	}
	return !one.empty() && other.empty()
}

func (s *Series) empty() bool { return len(s.Segments) == 0 && len(s.Strays) == 0 }
