// Package listing makes a capture of a list of files that is known beforehand:
// what a dump tool wrote into a folder, the objects of a bucket, the segments of
// a store.
//
// Promise: entries come in the order of sources.Compare, with the directories
// above each file, whatever the order of the list.
package listing

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ivyvault/sources"
)

// File is one file of a list.
type File struct {
	Path  string // as in sources.Entry
	Size  int64  // bytes; what is read may differ
	MTime time.Time
	Mode  uint32 // permission bits; 0 is 0600
	Stamp []byte // as in sources.Entry; nil becomes the empty one: always read
	Open  sources.Content
}

// Entries yields the files and the directories above them. A name that occurs
// twice, or as a file and as a directory, ends the walk with an error: two
// things would be kept as one.
func Entries(ctx context.Context, files []File) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		sorted := slices.Clone(files)
		slices.SortStableFunc(sorted, func(a, b File) int { return sources.Compare(a.Path, b.Path) })
		l := lister{yield: yield, uid: uint32(os.Getuid()), gid: uint32(os.Getgid())}
		for i := range sorted {
			if err := context.Cause(ctx); err != nil {
				yield(sources.Entry{}, err)
				return
			}
			if !l.file(&sorted[i]) {
				return
			}
		}
	}
}

// lister remembers the directories that are open.
type lister struct {
	yield    func(sources.Entry, error) bool
	uid, gid uint32
	dir      string // the present directory, "" for the root
	last     string // the file yielded last
}

func (l *lister) file(f *File) bool {
	if !fs.ValidPath(strings.ToValidUTF8(f.Path, "?")) || f.Path == "." || strings.ContainsRune(f.Path, 0) {
		l.yield(sources.Entry{}, fmt.Errorf("%q can't be the path of a captured file", f.Path))
		return false
	}
	if f.Path == l.last || strings.HasPrefix(f.Path, l.last+"/") && l.last != "" {
		l.yield(sources.Entry{}, fmt.Errorf("%q occurs twice in what is to be captured", l.last))
		return false
	}
	l.last = f.Path
	dir := path.Dir(f.Path)
	if dir == "." {
		dir = ""
	}
	if !l.enter(dir, f.MTime) {
		return false
	}
	t := when(f.MTime)
	mode := f.Mode
	if mode == 0 {
		mode = 0o600
	}
	stamp := f.Stamp
	if stamp == nil {
		stamp = []byte{}
	}
	attr := sources.Attr{Type: sources.File, Mode: mode, UID: l.uid, GID: l.gid, Size: uint64(max(0, f.Size)), MTime: t, CTime: t, Links: 1}
	return l.yield(sources.Entry{Path: f.Path, Attr: attr, Stamp: stamp, Item: f.Open}, nil)
}

// enter yields the directories down to dir that are not open yet.
func (l *lister) enter(dir string, at time.Time) bool {
	for i := 0; i <= len(dir); i++ {
		if dir == "" || i < len(dir) && dir[i] != '/' {
			continue
		}
		up := dir[:i]
		if l.dir == up || strings.HasPrefix(l.dir, up+"/") {
			continue
		}
		t := when(at)
		if !l.yield(sources.Entry{Path: up, Attr: sources.Attr{Type: sources.Dir, Mode: 0o700, UID: l.uid, GID: l.gid, MTime: t, CTime: t, Links: 1}}, nil) {
			return false
		}
	}
	l.dir = dir
	return true
}

func when(t time.Time) sources.Time {
	if t.IsZero() {
		return sources.Time{}
	}
	return sources.Time{Sec: t.Unix(), Nsec: uint32(t.Nanosecond())}
}

// Folder lists the regular files below a folder, as files that are always read.
// Anything but files and folders in it is an error.
func Folder(root string) ([]File, error) {
	var out []File
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder", name)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		out = append(out, File{
			Path: rel, Size: info.Size(), MTime: info.ModTime(), Mode: uint32(info.Mode().Perm()),
			Open: func(context.Context) (io.ReadCloser, error) { return os.Open(name) },
		})
		return nil
	})
	return out, err
}

// Bytes is a file of the given content.
func Bytes(name string, content []byte, at time.Time) File {
	return File{Path: name, Size: int64(len(content)), MTime: at, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(string(content))), nil
	}}
}
