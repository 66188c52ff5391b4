package sources

import (
	"io/fs"
	"path"
	"time"
)

// Type is the type of an entry. The numbers are those of the repository's
// format, so that they can be converted.
type Type uint8

// The types of entries.
const (
	File Type = 1 + iota
	Dir
	Symlink
	Fifo
	CharDevice
	BlockDevice
	Socket
)

// String returns the type's name in lower case, for messages.
func (t Type) String() string {
	names := [...]string{"unknown", "file", "directory", "symbolic link", "fifo", "character device", "block device", "socket"}
	if int(t) < len(names) {
		return names[t]
	}
	return names[0]
}

// Time is a point in time as file systems keep it: seconds since 1970, which
// may be negative, and nanoseconds from 0 to 999,999,999.
type Time struct {
	Sec  int64
	Nsec uint32
}

// Attr is what every entry has. It is comparable.
type Attr struct {
	Type         Type
	Mode         uint32 // permission, set-id and sticky bits: 07777
	UID, GID     uint32
	Size         uint64 // of a file, bytes; 0 for others
	MTime, CTime Time
	Inode        uint64
	Device       uint64 // of the file system, as in stat's st_dev
	Links        uint64
	Rdev         uint64 // of a device node, as in stat's st_rdev
}

// SameContent reports whether size, mtime, ctime and inode say that a file's
// content is the same.
func (a *Attr) SameContent(b *Attr) bool {
	return a.Type == b.Type && a.Size == b.Size && a.MTime == b.MTime && a.CTime == b.CTime && a.Inode == b.Inode
}

// Xattr is one extended attribute.
type Xattr struct {
	Name  string
	Value []byte
}

// Info returns the entry as an fs.FileInfo; its Sys is the *Attr.
func (e *Entry) Info() fs.FileInfo { return info{path.Base(e.Path), e.Attr} }

type info struct {
	name string
	attr Attr
}

var _ fs.FileInfo = info{}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return int64(i.attr.Size) }
func (i info) ModTime() time.Time { return time.Unix(i.attr.MTime.Sec, int64(i.attr.MTime.Nsec)) }
func (i info) IsDir() bool        { return i.attr.Type == Dir }
func (i info) Sys() any           { return &i.attr }

func (i info) Mode() fs.FileMode {
	m := fs.FileMode(i.attr.Mode & 0o777)
	for bit, flag := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if i.attr.Mode&bit != 0 {
			m |= flag
		}
	}
	switch i.attr.Type {
	case Dir:
		m |= fs.ModeDir
	case Symlink:
		m |= fs.ModeSymlink
	case Fifo:
		m |= fs.ModeNamedPipe
	case CharDevice:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case BlockDevice:
		m |= fs.ModeDevice
	case Socket:
		m |= fs.ModeSocket
	}
	return m
}
