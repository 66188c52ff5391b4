package tree

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ivyvault/chunk"
)

// FS shows a directory tree as an io/fs file system. Names that are not UTF-8
// appear as Escape gives them. Symbolic links are followed within the tree;
// one that is absolute or leads above the root is an error that Is
// fs.ErrNotExist. Files are also io.ReaderAt and io.Seeker. FileInfo.Sys is
// the *Node, a copy. It may be used concurrently.
type FS struct {
	ctx  context.Context
	r    *Reader
	root chunk.Ref
}

var (
	_ fs.ReadDirFS  = (*FS)(nil)
	_ fs.StatFS     = (*FS)(nil)
	_ fs.ReadLinkFS = (*FS)(nil)
)

// NewFS returns the tree below the root directory. Everything is read under
// ctx, since the methods of io/fs take none.
func NewFS(ctx context.Context, r *Reader, root chunk.Ref) *FS { return &FS{ctx, r, root} }

// maxLinks is how many symbolic links a path may go through, as in Linux.
const maxLinks = 40

// find returns the node at an escaped path; the last part is followed where it
// is a symbolic link and follow is set.
func (f *FS) find(op, path string, follow bool) (*Node, error) {
	if !fs.ValidPath(path) {
		return nil, &fs.PathError{Op: op, Path: path, Err: fs.ErrInvalid}
	}
	n, err := f.follow(path, follow)
	if err != nil {
		if pe, ok := err.(*fs.PathError); ok {
			err = pe.Err
		}
		return nil, &fs.PathError{Op: op, Path: path, Err: err}
	}
	return n, nil
}

func (f *FS) follow(path string, follow bool) (*Node, error) {
	var todo []string
	for part := range strings.SplitSeq(path, "/") {
		name, ok := Unescape(part)
		if !ok {
			return nil, fs.ErrNotExist
		}
		todo = append(todo, name)
	}
	at := []*Node{{Name: ".", Type: Dir, Mode: 0o755, Links: 1, Tree: f.root}} // the way from the root
	for links := 0; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		dir := at[len(at)-1]
		switch {
		case dir.Type != Dir:
			return nil, fs.ErrNotExist
		case name == "" || name == ".":
			continue
		case name == ".." && len(at) == 1:
			return nil, fmt.Errorf("a symbolic link leads out of the tree: %w", fs.ErrNotExist)
		case name == "..":
			at = at[:len(at)-1]
			continue
		}
		n, err := f.r.Lookup(f.ctx, dir.Tree, name)
		if err != nil {
			return nil, err
		}
		if n.Type != Symlink || len(todo) == 0 && !follow {
			at = append(at, &n)
			continue
		}
		if links++; links > maxLinks {
			return nil, fmt.Errorf("it goes through more than %d symbolic links: %w", maxLinks, fs.ErrInvalid)
		}
		if strings.HasPrefix(n.Target, "/") {
			return nil, fmt.Errorf("a symbolic link leads out of the tree: %w", fs.ErrNotExist)
		}
		todo = append(strings.Split(n.Target, "/"), todo...)
	}
	return at[len(at)-1], nil
}

// Open opens a file or directory for reading.
func (f *FS) Open(path string) (fs.File, error) {
	n, err := f.find("open", path, true)
	if err != nil {
		return nil, err
	}
	x := info{n, base(path)}
	switch n.Type {
	case Dir:
		return &openDir{fs: f, info: x, path: path}, nil
	case File:
		o, err := f.r.Open(n)
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return &openFile{ctx: f.ctx, f: o, info: x, path: path}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("neither a file nor a directory: %w", fs.ErrInvalid)}
}

// Stat describes what a path leads to.
func (f *FS) Stat(path string) (fs.FileInfo, error) {
	n, err := f.find("stat", path, true)
	if err != nil {
		return nil, err
	}
	return info{n, base(path)}, nil
}

// Lstat describes what stands at a path, without following it.
func (f *FS) Lstat(path string) (fs.FileInfo, error) {
	n, err := f.find("lstat", path, false)
	if err != nil {
		return nil, err
	}
	return info{n, base(path)}, nil
}

// ReadLink returns the target of a symbolic link, as it is.
func (f *FS) ReadLink(path string) (string, error) {
	n, err := f.find("readlink", path, false)
	if err != nil {
		return "", err
	}
	if n.Type != Symlink {
		return "", &fs.PathError{Op: "readlink", Path: path, Err: fs.ErrInvalid}
	}
	return n.Target, nil
}

// ReadDir returns all entries of a directory, sorted by their escaped names.
func (f *FS) ReadDir(path string) ([]fs.DirEntry, error) {
	n, err := f.find("readdir", path, true)
	if err != nil {
		return nil, err
	}
	if n.Type != Dir {
		return nil, &fs.PathError{Op: "readdir", Path: path, Err: fmt.Errorf("not a directory: %w", fs.ErrInvalid)}
	}
	d := openDir{fs: f, info: info{n, base(path)}, path: path}
	list, err := d.ReadDir(-1)
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, err
}

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
