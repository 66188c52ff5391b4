// Package tree reads the files of an installation as its engine sees them.
//
// Nouns:
//
//   - A Tree is a file system in which an engine lives: this machine's own, or
//     the one of a container that lies in a folder. Paths in it are absolute
//     and have slashes, symbolic links lead within it.
//
// Promise: nothing is written or executed; files that are too big, no plain
// files or not readable, and links that go in circles, give an error with a
// sentence and never a long wait.
package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Most is the largest file that Read returns, in bytes. No configuration is
// nearly as long.
const Most = 4 << 20

// MostNames is how many names of a folder List returns.
const MostNames = 10000

const mostLinks = 40

// Tree is a file system in which an engine lives. It may be used by several
// goroutines.
type Tree struct{ files fs.FS }

// New returns a Tree over files.
func New(files fs.FS) *Tree { return &Tree{files} }

// Host returns the Tree whose root is a folder of this machine.
func Host(root string) *Tree { return New(os.DirFS(root)) }

// Error says what is wrong with a path.
type Error struct {
	Path string
	Said string
	Err  error // nil where Said is all
}

func (e *Error) Error() string { return e.Path + " " + e.Said }
func (e *Error) Unwrap() error { return e.Err }

func fail(name string, err error) error {
	var own *Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &Error{name, "does not exist", fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return &Error{name, "may not be read by this user: run the discovery as the engine's user, or as root", err}
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &Error{name, "can't be read: " + err.Error(), err}
}

// Real returns the path with all symbolic links followed within the Tree. What
// is missing at the end of the path stays as it is written.
func (t *Tree) Real(name string) (string, error) {
	todo := strings.Split(path.Clean("/"+name), "/")
	done, links := "/", 0
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, part)
		info, err := fs.Lstat(t.files, inside(next))
		if errors.Is(err, fs.ErrNotExist) {
			return path.Join(append([]string{next}, todo...)...), nil
		}
		if err != nil {
			return "", fail(name, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > mostLinks {
			return "", &Error{name, "is a symbolic link that leads in a circle", nil}
		}
		to, err := fs.ReadLink(t.files, inside(next))
		if err != nil {
			return "", fail(name, err)
		}
		if strings.HasPrefix(to, "/") {
			done = "/"
		}
		todo = append(strings.Split(to, "/"), todo...)
	}
	return done, nil
}

func inside(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name != "" {
		return name
	}
	return "."
}

// Stat returns what is said of the file that the path leads to.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	real, err := t.Real(name)
	if err != nil {
		return nil, err
	}
	info, err := fs.Lstat(t.files, inside(real))
	if err != nil {
		return nil, fail(name, err)
	}
	return info, nil
}

// IsFile and IsDir report whether there is a plain file or a folder.
func (t *Tree) IsFile(name string) bool {
	info, err := t.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// IsDir reports whether there is a folder.
func (t *Tree) IsDir(name string) bool {
	info, err := t.Stat(name)
	return err == nil && info.IsDir()
}

// Open opens a plain file, of any size. The caller closes it.
func (t *Tree) Open(name string) (fs.File, error) {
	real, err := t.Real(name)
	if err != nil {
		return nil, err
	}
	info, err := fs.Lstat(t.files, inside(real))
	if err != nil {
		return nil, fail(name, err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, &Error{name, "is no plain file", nil}
	}
	f, err := t.files.Open(inside(real))
	if err != nil {
		return nil, fail(name, err)
	}
	return f, nil
}

// Read returns the content of a plain file of at most Most bytes.
func (t *Tree) Read(name string) ([]byte, error) {
	f, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, Most+1))
	if err != nil {
		return nil, fail(name, err)
	}
	if len(b) > Most {
		return nil, &Error{name, fmt.Sprintf("is longer than %d MiB, which no configuration is: it was not read", Most>>20), nil}
	}
	return b, nil
}

// List returns the entries of a folder by name, at most MostNames of them: with
// more it returns these and an error.
func (t *Tree) List(name string) ([]fs.DirEntry, error) {
	real, err := t.Real(name)
	if err != nil {
		return nil, err
	}
	list, err := fs.ReadDir(t.files, inside(real))
	if err != nil {
		return nil, fail(name, err)
	}
	if len(list) > MostNames {
		return list[:MostNames], &Error{name, fmt.Sprintf("holds %d names: only the first %d were looked at", len(list), MostNames), nil}
	}
	return list, nil
}

// Match returns the paths of a folder's entries whose names match the pattern
// of path.Match, letters large or small. What can't be listed matches nothing.
func (t *Tree) Match(dir, pattern string) []string {
	list, _ := t.List(dir)
	var found []string
	for _, e := range list {
		if ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(e.Name())); ok && err == nil {
			found = append(found, path.Join(dir, e.Name()))
		}
	}
	return found
}

// Same reports whether two paths are one folder or file: by their real paths,
// or by device and inode, which tells folders that are mounted twice.
func (t *Tree) Same(a, b string) bool {
	ra, errA := t.Real(a)
	rb, errB := t.Real(b)
	if errA != nil || errB != nil {
		return false
	}
	if ra == rb {
		return true
	}
	ia, errA := fs.Stat(t.files, inside(ra))
	ib, errB := fs.Stat(t.files, inside(rb))
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}
