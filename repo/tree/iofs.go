package tree

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

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
