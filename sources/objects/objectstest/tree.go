// Package objectstest holds what tests of parts that capture buckets share: a
// captured tree in memory, taken as an archiver takes it.
package objectstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing/fstest"
	"unicode/utf8"

	"ivyvault/sources"
)

// Night is what one night's capture yielded.
type Night struct {
	Tree
	Facts  sources.Facts
	Gone   []string // paths that were listed and not there when they were opened
	stamps map[string]string
}

// Take captures as an archiver does: what has the stamp that it had in the
// night before, which may be nil, is not opened.
func Take(ctx context.Context, s sources.Source, before *Night) (*Night, error) {
	c, err := s.Capture(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	now := &Night{Tree: Tree{}, stamps: map[string]string{}}
	for e, err := range c.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		if e.Attr.Type != sources.File {
			continue
		}
		now.stamps[e.Path] = string(e.Stamp)
		if before != nil && len(e.Stamp) > 0 && before.stamps[e.Path] == string(e.Stamp) {
			now.Tree[e.Path] = before.Tree[e.Path]
			continue
		}
		err := now.Tree.read(ctx, &e)
		if errors.Is(err, fs.ErrNotExist) {
			now.Gone = append(now.Gone, e.Path)
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	now.Facts, err = c.(sources.Described).Facts(ctx)
	return now, err
}

// Tree is what was captured, by path.
type Tree map[string]*Taken

// Taken is one file with its attributes.
type Taken struct {
	Data   []byte
	Xattrs []sources.Xattr
}

func (tr Tree) read(ctx context.Context, e *sources.Entry) error {
	r, err := e.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	f := &Taken{Data: p}
	if a, ok := r.(sources.Attributed); ok {
		if f.Xattrs, err = a.Xattrs(); err != nil {
			return err
		}
	}
	tr[e.Path] = f
	return nil
}

// FS shows the tree as a snapshot does.
func (tr Tree) FS() fs.FS {
	m := fstest.MapFS{}
	for name, f := range tr {
		if !utf8.ValidString(name) {
			panic(fmt.Sprintf("the path %q is no text", name))
		}
		m[name] = &fstest.MapFile{Data: f.Data, Sys: f}
	}
	return treeFS{m}
}

type treeFS struct{ fstest.MapFS }

func (t treeFS) Open(name string) (fs.File, error) {
	f, err := t.MapFS.Open(name)
	if d, ok := f.(fs.ReadDirFile); ok {
		return treeDir{d}, err
	}
	return f, err
}

func (t treeFS) Stat(name string) (fs.FileInfo, error) {
	i, err := t.MapFS.Stat(name)
	return treeInfo{i}, err
}

type treeDir struct{ fs.ReadDirFile }

func (d treeDir) ReadDir(n int) ([]fs.DirEntry, error) {
	list, err := d.ReadDirFile.ReadDir(n)
	for i := range list {
		list[i] = treeEntry{list[i]}
	}
	return list, err
}

type treeEntry struct{ fs.DirEntry }

func (e treeEntry) Info() (fs.FileInfo, error) {
	i, err := e.DirEntry.Info()
	return treeInfo{i}, err
}

type treeInfo struct{ fs.FileInfo }

// Xattr returns an extended attribute.
func (i treeInfo) Xattr(name string) ([]byte, bool) {
	if f, ok := i.Sys().(*Taken); ok {
		for _, x := range f.Xattrs {
			if x.Name == name {
				return x.Value, true
			}
		}
	}
	return nil, false
}
