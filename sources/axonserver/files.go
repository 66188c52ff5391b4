package axonserver

import (
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"ivyvault/sources"
)

// Files is the file system that a server's files are read from. Errors for what
// is not there are fs.ErrNotExist at some depth.
type Files interface {
	Open(name string) (File, error)
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	Remove(name string) error
}

// File is an open file.
type File interface {
	io.ReadCloser
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// local is the file system of this machine.
type local struct{}

var _ Files = local{}

func (local) Open(name string) (File, error)             { return os.Open(name) }
func (local) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }
func (local) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (local) Remove(name string) error                   { return os.Remove(name) }

// attrOf describes a file as an entry does.
func attrOf(info fs.FileInfo) sources.Attr {
	t := timeOf(info.ModTime())
	a := sources.Attr{Type: sources.File, Mode: uint32(info.Mode().Perm()), Size: uint64(info.Size()), MTime: t, CTime: t, Links: 1}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		a.UID, a.GID = s.Uid, s.Gid
	}
	return a
}

func timeOf(t time.Time) sources.Time {
	return sources.Time{Sec: t.Unix(), Nsec: uint32(t.Nanosecond())}
}
