package tree

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// info describes a node under the escaped name that it was reached by.
type info struct {
	n    *Node
	name string
}

var _ fs.FileInfo = info{}

func (i info) Name() string       { return i.name }
func (i info) IsDir() bool        { return i.n.Type == Dir }
func (i info) ModTime() time.Time { return time.Unix(i.n.MTime.Sec, int64(i.n.MTime.Nsec)) }
func (i info) Sys() any           { return i.n }
func (i info) Mode() fs.FileMode  { return i.n.FileMode() }

// Xattr returns the value of an extended attribute, for those who know no Node.
func (i info) Xattr(name string) ([]byte, bool) {
	for _, x := range i.n.Xattrs {
		if x.Name == name {
			return x.Value, true
		}
	}
	return nil, false
}

func (i info) Size() int64 {
	if i.n.Type == Symlink {
		return int64(len(i.n.Target))
	}
	return int64(i.n.Size)
}

// FileMode returns type and mode bits in the terms of io/fs.
func (n *Node) FileMode() fs.FileMode {
	m := fs.FileMode(n.Mode & 0o777)
	for bit, f := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if n.Mode&bit != 0 {
			m |= f
		}
	}
	switch n.Type {
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

// openFile is an open regular file.
type openFile struct {
	info
	ctx  context.Context
	f    *OpenFile
	path string
	at   int64
}

var (
	_ fs.File     = (*openFile)(nil)
	_ io.ReaderAt = (*openFile)(nil)
	_ io.Seeker   = (*openFile)(nil)
)

func (o *openFile) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *openFile) Close() error               { return nil }

func (o *openFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := o.f.ReadAt(o.ctx, p, off)
	if err != nil && err != io.EOF {
		err = &fs.PathError{Op: "read", Path: o.path, Err: err}
	}
	return n, err
}

func (o *openFile) Read(p []byte) (int, error) {
	n, err := o.ReadAt(p, o.at)
	o.at += int64(n)
	if err == io.EOF && n > 0 {
		err = nil
	}
	return n, err
}

func (o *openFile) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		off += o.at
	case io.SeekEnd:
		off += o.f.Size()
	default:
		off = -1
	}
	if off < 0 {
		return 0, &fs.PathError{Op: "seek", Path: o.path, Err: fs.ErrInvalid}
	}
	o.at = off
	return off, nil
}

// openDir is an open directory. It remembers the last name it gave.
type openDir struct {
	info
	fs   *FS
	path string
	last string
	end  bool
}

var _ fs.ReadDirFile = (*openDir)(nil)

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.path, Err: fmt.Errorf("it is a directory: %w", fs.ErrInvalid)}
}

// ReadDir returns the next entries in the byte order of their names.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	list := []fs.DirEntry{}
	if d.end {
		if n > 0 {
			return list, io.EOF
		}
		return list, nil
	}
	for node, err := range d.fs.r.After(d.fs.ctx, d.n.Tree, d.last) {
		if err != nil {
			return list, &fs.PathError{Op: "readdir", Path: d.path, Err: err}
		}
		c := node.Clone()
		d.last = c.Name
		list = append(list, fs.FileInfoToDirEntry(info{&c, Escape(c.Name)}))
		if len(list) == n {
			return list, nil
		}
	}
	d.end = true
	if n > 0 && len(list) == 0 {
		return list, io.EOF
	}
	return list, nil
}
