package tree

import "ivyvault/chunk"

// Type is the type of a directory entry; the numbers are part of the format.
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

// Time is a point in time as file systems keep it: seconds since 1970, which
// may be negative, and nanoseconds from 0 to 999,999,999.
type Time struct {
	Sec  int64
	Nsec uint32
}

// Xattr is one extended attribute.
type Xattr struct {
	Name  string
	Value []byte
}

// Form says how a file's content is stored; the numbers are part of the format.
type Form uint8

// The forms of content.
const (
	Empty   Form = 0 // no bytes
	Inline  Form = 1 // in the node itself
	Slice   Form = 2 // a part of a data chunk
	Chunked Form = 3 // exactly one data chunk
	Listed  Form = 4 // a content list
)

// Content says where a file's bytes are. The zero value is an empty file.
type Content struct {
	Form   Form
	Inline []byte    // Inline
	Ref    chunk.Ref // Slice, Chunked: a data chunk; Listed: the list's top page
	Offset uint32    // Slice: where in the chunk the file begins
	Hash   chunk.ID  // Slice: keyed hash of the file's bytes, verifies the slice
}

// Node is one entry of a directory: a name with all that a snapshot keeps of
// what it names. Files have Size and Content, links Target, directories Tree,
// Files and Bytes, device nodes Rdev.
type Node struct {
	Name         string // any bytes but NUL and '/'
	Type         Type
	Mode         uint32 // mode & 07777
	UID, GID     uint32
	MTime, CTime Time
	Inode        uint64
	Links        uint64 // link count; 0 counts as 1. Kept, with Device, where above 1
	Device       uint64
	Rdev         uint64
	Size         uint64 // bytes of a file
	Content      Content
	Target       string
	Tree         chunk.Ref // top page of a directory
	Files, Bytes uint64    // files in all of a directory, and their bytes
	Xattrs       []Xattr   // sorted by name
	Stamp        []byte    // opaque; nil where size, mtime, ctime and inode decide
}
