// Package ls lists what is in a snapshot.
//
// Nouns: an Entry is one file, directory or other thing of a snapshot as
// people and programs are shown it.
//
// Promise: entries come in the order of their names, a directory before what
// is in it, one page in memory at a time, whatever the size of a directory.
package ls

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode/utf8"

	"ivyvault/repo"
	"ivyvault/repo/tree"
)

// Entry is one thing in a snapshot.
type Entry struct {
	Path      string    `json:"path"`               // absolute
	PathB64   string    `json:"path_b64,omitempty"` // where the path is not UTF-8
	Type      string    `json:"type"`               // file, dir, symlink, fifo, chardev, dev, socket
	Mode      string    `json:"mode"`               // four octal digits
	UID       uint32    `json:"uid"`
	GID       uint32    `json:"gid"`
	User      string    `json:"user,omitempty"`
	Group     string    `json:"group,omitempty"`
	Size      *uint64   `json:"size,omitempty"` // of a file, bytes
	MTime     time.Time `json:"mtime"`
	CTime     time.Time `json:"ctime"`
	Inode     uint64    `json:"inode"`
	Links     uint64    `json:"links,omitempty"` // above 1
	Target    string    `json:"target,omitempty"`
	TargetB64 string    `json:"target_b64,omitempty"`
	Files     uint64    `json:"files,omitempty"` // of a directory: files in all of it
	Bytes     uint64    `json:"bytes,omitempty"` // of a directory: their bytes

	Raw      string      `json:"-"` // the path's own bytes
	RawLink  string      `json:"-"` // the target's own bytes
	FileMode fs.FileMode `json:"-"`
}

// EntryOf describes the node at a path without a leading slash.
func EntryOf(path string, n *tree.Node, owners *repo.Owners) Entry {
	e := Entry{
		Raw: "/" + path, Type: TypeName(n.Type), Mode: fmt.Sprintf("%04o", n.Mode), UID: n.UID, GID: n.GID,
		MTime: time.Unix(n.MTime.Sec, int64(n.MTime.Nsec)).UTC(), CTime: time.Unix(n.CTime.Sec, int64(n.CTime.Nsec)).UTC(),
		Inode: n.Inode, Links: n.Links, RawLink: n.Target, Files: n.Files, Bytes: n.Bytes, FileMode: n.FileMode(),
	}
	e.Path, e.PathB64 = Text(e.Raw)
	e.Target, e.TargetB64 = Text(n.Target)
	if e.Links <= 1 {
		e.Links = 0
	}
	if n.Type == tree.File {
		size := n.Size
		e.Size = &size
	}
	if owners != nil {
		e.User, e.Group = owners.Users[fmt.Sprint(n.UID)], owners.Groups[fmt.Sprint(n.GID)]
	}
	return e
}

// Text returns a name as UTF-8, and in base64 where it is none.
func Text(name string) (text, b64 string) {
	if utf8.ValidString(name) {
		return name, ""
	}
	return strings.ToValidUTF8(name, "\uFFFD"), base64.StdEncoding.EncodeToString([]byte(name))
}

// TypeName is what a type is called in JSON and flags.
func TypeName(t tree.Type) string {
	names := [...]string{"unknown", "file", "dir", "symlink", "fifo", "chardev", "dev", "socket"}
	if int(t) < len(names) {
		return names[t]
	}
	return names[0]
}

// Options says what to list.
type Options struct {
	Path      string // absolute or relative to the root; "" is the root
	Recursive bool   // all that is below, too
}

// Run calls fn for each entry of the directory, or for the one that is there
// where the path is no directory. A path that isn't there is an error that Is
// fs.ErrNotExist.
func Run(ctx context.Context, r *repo.Repo, s repo.Snapshot, opt Options, fn func(Entry) error) error {
	rd := tree.NewReader(r, r.Keys().ContentHash, 0)
	top := strings.Trim(opt.Path, "/")
	n, err := Resolve(ctx, rd, s, top)
	if err != nil {
		return err
	}
	if n.Type != tree.Dir {
		return fn(EntryOf(top, &n, s.Owners))
	}
	above := ""
	if top != "" {
		above = top + "/"
	}
	return rd.Walk(ctx, n.Tree, func(dir string, n *tree.Node) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(EntryOf(above+tree.Join(dir, n.Name), n, s.Owners)); err != nil {
			return err
		}
		if n.Type == tree.Dir && !opt.Recursive {
			return fs.SkipDir
		}
		return nil
	})
}

// Resolve returns the node at a path of the snapshot. Where there is none the
// error Is fs.ErrNotExist.
func Resolve(ctx context.Context, rd *tree.Reader, s repo.Snapshot, path string) (tree.Node, error) {
	n, err := rd.Resolve(ctx, s.Root.Ref(), strings.Trim(path, "/"))
	if errors.Is(err, fs.ErrNotExist) {
		return n, &absentError{s.ID, path}
	}
	return n, err
}

// absentError names a path that a snapshot doesn't have.
type absentError struct {
	snapshot repo.Name
	path     string
}

func (e *absentError) Error() string {
	return fmt.Sprintf("there is no /%s in snapshot %s", strings.Trim(e.path, "/"), e.snapshot.Short())
}

// Is makes every absentError a fs.ErrNotExist.
func (e *absentError) Is(target error) bool { return target == fs.ErrNotExist }
