// Package diff tells what differs between two snapshots.
//
// Promise: pages that both share are not read, so the cost goes by what
// differs. A directory is a change only where it itself was made, removed or
// got other attributes, not because of what is in it.
package diff

import (
	"context"
	"io/fs"

	"ivyvault/repo"
	"ivyvault/repo/ls"
	"ivyvault/repo/tree"
)

// The kinds of changes.
const (
	Added    = "+" // only in the new snapshot
	Removed  = "-" // only in the old one
	Modified = "M" // other content
	Retyped  = "T" // another type
	Metadata = "U" // same content, other attributes
)

// Change is one difference.
type Change struct {
	Kind string    `json:"change"`
	Old  *ls.Entry `json:"old,omitempty"`
	New  *ls.Entry `json:"new,omitempty"`
}

// Path returns the path with its own bytes.
func (c Change) Path() string {
	if c.New != nil {
		return c.New.Raw
	}
	return c.Old.Raw
}

// Count counts entries by type.
type Count struct {
	Files  int64 `json:"files"`
	Dirs   int64 `json:"dirs"`
	Others int64 `json:"others"`
	Bytes  int64 `json:"bytes"` // of the files
}

// Report counts the differences.
type Report struct {
	Old      repo.Name `json:"old"`
	New      repo.Name `json:"new"`
	Added    Count     `json:"added"`
	Removed  Count     `json:"removed"`
	Modified Count     `json:"modified"` // bytes: as they are in the new snapshot
	Metadata int64     `json:"metadata"`
}

// Side is a snapshot and the directory in it that is compared; "" is all.
type Side struct {
	Snapshot repo.Snapshot
	Path     string
}

// Run calls fn for each difference, in the order of names.
func Run(ctx context.Context, r *repo.Repo, old, new Side, fn func(Change) error) (Report, error) {
	rep := Report{Old: old.Snapshot.ID, New: new.Snapshot.ID}
	rd := tree.NewReader(r, r.Keys().ContentHash, 4<<20)
	a, err := directory(ctx, rd, old)
	if err != nil {
		return rep, err
	}
	b, err := directory(ctx, rd, new)
	if err != nil {
		return rep, err
	}
	err = rd.Diff(ctx, a.Tree, b.Tree, func(dir string, o, n *tree.Node) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		kind := kindOf(o, n)
		if kind == "" {
			return nil
		}
		c := Change{Kind: kind}
		if o != nil {
			e := ls.EntryOf(tree.Join(dir, o.Name), o, old.Snapshot.Owners)
			c.Old = &e
		}
		if n != nil {
			e := ls.EntryOf(tree.Join(dir, n.Name), n, new.Snapshot.Owners)
			c.New = &e
		}
		rep.count(kind, o, n)
		return fn(c)
	})
	return rep, err
}

func directory(ctx context.Context, rd *tree.Reader, s Side) (tree.Node, error) {
	n, err := ls.Resolve(ctx, rd, s.Snapshot, s.Path)
	if err == nil && n.Type != tree.Dir {
		err = &fs.PathError{Op: "compare", Path: s.Path, Err: fs.ErrInvalid}
	}
	return n, err
}

// kindOf names the difference, "" where only what is in a directory differs or
// what no one set: change time, inode number, stamp.
func kindOf(o, n *tree.Node) string {
	switch {
	case o == nil:
		return Added
	case n == nil:
		return Removed
	case o.Type != n.Type:
		return Retyped
	case o.Type == tree.File && !o.SameBytes(n), o.Type == tree.Symlink && o.Target != n.Target, o.Rdev != n.Rdev:
		return Modified
	case !sameAttributes(*o, n):
		return Metadata
	}
	return ""
}

// sameAttributes compares what somebody set: not the change time, the number
// of the inode and the stamp, which follow from that or from where a tree lies.
func sameAttributes(o tree.Node, n *tree.Node) bool {
	o.CTime, o.Inode, o.Device, o.Stamp = n.CTime, n.Inode, n.Device, n.Stamp
	return o.SameMeta(n)
}

func (r *Report) count(kind string, o, n *tree.Node) {
	switch kind {
	case Added:
		r.Added.add(n)
	case Removed:
		r.Removed.add(o)
	case Retyped:
		r.Removed.add(o)
		r.Added.add(n)
	case Modified:
		r.Modified.add(n)
	case Metadata:
		r.Metadata++
	}
}

func (c *Count) add(n *tree.Node) {
	switch n.Type {
	case tree.File:
		c.Files++
		c.Bytes += int64(n.Size)
	case tree.Dir:
		c.Dirs++
	default:
		c.Others++
	}
}
