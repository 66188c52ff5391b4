// Package trees compares directories, so that a figure counts only where what
// came back is what went in, and measures how large they are.
package trees

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// DiffError says in what the first difference that was found lies.
type DiffError struct {
	Path string // below the roots
	What string
}

func (e *DiffError) Error() string { return fmt.Sprintf("%s differs: %s", e.Path, e.What) }

// Same returns nil where the tree at got has the same names, types, modes and
// contents as that at want, and files changed in the same second. Programs that
// keep whole seconds are thus not left out, nor those that write into
// directories after they set their times, as kopia does.
func Same(want, got string) error {
	c := comparer{a: make([]byte, 1<<20), b: make([]byte, 1<<20)}
	return c.dir(want, got, ".")
}

type comparer struct{ a, b []byte }

func (c *comparer) dir(want, got, rel string) error {
	a, err := os.ReadDir(filepath.Join(want, rel))
	if err != nil {
		return err
	}
	b, err := os.ReadDir(filepath.Join(got, rel))
	if err != nil {
		return err
	}
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(b) || (i < len(a) && a[i].Name() < b[i].Name()):
			return &DiffError{filepath.Join(rel, a[i].Name()), "it is missing"}
		case i >= len(a) || a[i].Name() != b[i].Name():
			return &DiffError{filepath.Join(rel, b[i].Name()), "it should not be there"}
		}
		path := filepath.Join(rel, a[i].Name())
		if err := c.one(want, got, path); err != nil {
			return err
		}
		if a[i].IsDir() {
			if err := c.dir(want, got, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparer) one(want, got, rel string) error {
	a, err := os.Lstat(filepath.Join(want, rel))
	if err != nil {
		return err
	}
	b, err := os.Lstat(filepath.Join(got, rel))
	if err != nil {
		return err
	}
	if a.Mode() != b.Mode() {
		return &DiffError{rel, fmt.Sprintf("mode %s, not %s", b.Mode(), a.Mode())}
	}
	if !a.IsDir() && a.ModTime().Unix() != b.ModTime().Unix() {
		return &DiffError{rel, fmt.Sprintf("changed at %s, not %s", b.ModTime(), a.ModTime())}
	}
	if !a.Mode().IsRegular() {
		return nil
	}
	if a.Size() != b.Size() {
		return &DiffError{rel, fmt.Sprintf("%d bytes, not %d", b.Size(), a.Size())}
	}
	return c.content(want, got, rel)
}

func (c *comparer) content(want, got, rel string) error {
	f, err := os.Open(filepath.Join(want, rel))
	if err != nil {
		return err
	}
	defer f.Close()
	g, err := os.Open(filepath.Join(got, rel))
	if err != nil {
		return err
	}
	defer g.Close()
	for at := int64(0); ; {
		n, errA := io.ReadFull(f, c.a)
		m, errB := io.ReadFull(g, c.b)
		if n != m || !bytes.Equal(c.a[:n], c.b[:m]) {
			return &DiffError{rel, fmt.Sprintf("other bytes in the megabyte from %d", at)}
		}
		at += int64(n)
		for _, err := range []error{errA, errB} {
			if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				return err
			}
		}
		if errA != nil {
			return nil
		}
	}
}

// Size returns the bytes of all files below dir.
func Size(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
