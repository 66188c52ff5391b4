package axonserver

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ivyvault/sources/axonserver/segment"
)

// joined shows folders of one context side by side: "new", with what is being
// restored, and "there", with what lies there of the other kind.
type joined struct {
	context string
	dirs    map[string]string
	kind    segment.Kind // of what is being restored
}

var (
	_ fs.ReadDirFS = (*joined)(nil)
	_ fs.StatFS    = (*joined)(nil)
)

// locate returns the path on disk; "" is a directory that is made up.
func (j *joined) locate(op, name string) (string, error) {
	parts := strings.Split(name, "/")
	if name == "." {
		return "", nil
	}
	dir, ok := j.dirs[parts[0]]
	if !ok || len(parts) > 1 && parts[1] != j.context || len(parts) > 3 {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	if len(parts) == 1 {
		return "", nil
	}
	return filepath.Join(append([]string{dir}, parts[2:]...)...), nil
}

// Open opens a file on disk.
func (j *joined) Open(name string) (fs.File, error) {
	at, err := j.locate("open", name)
	if err != nil {
		return nil, err
	}
	if at == "" {
		return topFile{top(name)}, nil
	}
	return os.Open(at)
}

// Stat describes a file.
func (j *joined) Stat(name string) (fs.FileInfo, error) {
	at, err := j.locate("stat", name)
	if err != nil {
		return nil, err
	}
	if at == "" {
		return top(name), nil
	}
	return os.Stat(at)
}

// ReadDir lists a folder; of what is there, only the other kind.
func (j *joined) ReadDir(name string) ([]fs.DirEntry, error) {
	at, err := j.locate("readdir", name)
	if err != nil {
		return nil, err
	}
	var out []fs.DirEntry
	switch {
	case name == ".":
		for _, d := range []string{"new", "there"} {
			if _, ok := j.dirs[d]; ok {
				out = append(out, fs.FileInfoToDirEntry(top(d)))
			}
		}
		return out, nil
	case at == "":
		return []fs.DirEntry{fs.FileInfoToDirEntry(top(j.context))}, nil
	}
	list, err := os.ReadDir(at)
	for _, d := range list {
		n, ok := segment.ParseName(d.Name())
		if ok && (n.Kind == j.kind) == strings.HasPrefix(name, "new/") {
			out = append(out, d)
		}
	}
	return out, err
}

// top is a directory that is made up.
type top string

var _ fs.FileInfo = top("")

func (t top) Name() string     { return string(t) }
func (top) Size() int64        { return 0 }
func (top) Mode() fs.FileMode  { return fs.ModeDir | 0o700 }
func (top) ModTime() time.Time { return time.Time{} }
func (top) IsDir() bool        { return true }
func (top) Sys() any           { return nil }

type topFile struct{ info top }

func (t topFile) Stat() (fs.FileInfo, error) { return t.info, nil }
func (topFile) Read([]byte) (int, error)     { return 0, io.EOF }
func (topFile) Close() error                 { return nil }
