package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// place is a file of the captured tree and its name in the archive.
type place struct{ tree, dump string }

// places says what pg_restore needs for some tables, or for all and the large
// objects where picked is nil.
func (d *description) places(from fs.FS, picked []*table) ([]place, error) {
	out := []place{{contentsName, contentsName}}
	if picked != nil {
		for _, t := range picked {
			if t.File != "" {
				out = append(out, place{t.File, t.Dump})
			}
		}
		return out, nil
	}
	for _, t := range d.Tables {
		if t.File != "" {
			out = append(out, place{t.File, t.Dump})
		}
	}
	names, err := fs.ReadDir(from, objectsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	for _, n := range names {
		if !strings.HasPrefix(n.Name(), "blob") {
			return nil, fmt.Errorf("%s is no file of an archive", path.Join(objectsDir, n.Name()))
		}
		out = append(out, place{path.Join(objectsDir, n.Name()), n.Name()})
	}
	return out, err
}

// layOut builds the archive in a folder. What lies in the same file system is
// linked, the rest is copied.
func layOut(ctx context.Context, from fs.FS, places []place, dir string) error {
	buf := make([]byte, 256<<10)
	for _, p := range places {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := layOutFile(from, p.tree, filepath.Join(dir, p.dump), buf); err != nil {
			return fmt.Errorf("%s can't be laid out for pg_restore: %w", p.tree, err)
		}
	}
	return nil
}

func layOutFile(from fs.FS, name, to string, buf []byte) error {
	in, err := from.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	// pg_restore refuses symbolic links.
	if real := realPath(in); real != "" && os.Link(real, to) == nil {
		return nil
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, buf)
	return errors.Join(err, out.Close())
}

// realPath returns where an open file lies in the file system, "" where it
// doesn't.
func realPath(in fs.File) string {
	f, ok := in.(*os.File)
	if !ok || !filepath.IsAbs(f.Name()) {
		return ""
	}
	a, err := f.Stat()
	if err != nil || !a.Mode().IsRegular() {
		return ""
	}
	b, err := os.Stat(f.Name())
	if err != nil || !os.SameFile(a, b) {
		return ""
	}
	return f.Name()
}

// room is how many bytes layOut will copy at most.
func room(from fs.FS, places []place) (sum int64, err error) {
	for _, p := range places {
		in, err := from.Open(p.tree)
		if err != nil {
			return 0, fmt.Errorf("a file of the capture is missing: %w", err)
		}
		info, err := in.Stat()
		if err == nil {
			sum += info.Size()
		}
		if err := errors.Join(err, in.Close()); err != nil {
			return 0, err
		}
	}
	return sum, nil
}
