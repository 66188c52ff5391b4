package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"ivyvault/repo/store"
)

const (
	probePrefix = "probe-"
	listBatch   = 1024
)

// List implements store.Store.
func (s *Store) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	dir, prefix := s.dir+"/"+string(t), ""
	switch t {
	case store.Config:
		dir = s.dir
	case store.Probe:
		dir, prefix = s.dir+"/"+tmpDir, probePrefix
	case store.Pack:
		return s.eachEntry(ctx, t, dir, func(d fs.DirEntry) error {
			if !d.IsDir() || len(d.Name()) != 2 {
				return nil
			}
			return s.listDir(ctx, t, dir+"/"+d.Name(), "", fn)
		})
	}
	return s.listDir(ctx, t, dir, prefix, fn)
}

func (s *Store) listDir(ctx context.Context, t store.Type, dir, prefix string, fn func(store.Info) error) error {
	return s.eachEntry(ctx, t, dir, func(d fs.DirEntry) error {
		base, ok := strings.CutPrefix(d.Name(), prefix)
		name := store.Name{Type: t, Name: base}
		if t == store.Config && base == "config" {
			name.Name = ""
		}
		if !ok || d.IsDir() || name.Check("list") != nil {
			return nil // not ours: a user's note, a file system's own
		}
		if _, path := s.place(name); path != dir+"/"+d.Name() {
			return nil // a pack in another pack's directory
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil {
			return s.explain("list", name, err)
		}
		return fn(store.Info{Name: name, Size: info.Size()})
	})
}

// eachEntry calls fn for the entries of a directory; an absent one has none.
func (s *Store) eachEntry(ctx context.Context, t store.Type, dir string, fn func(fs.DirEntry) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	what := store.Name{Type: t}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.present(); err != nil {
			return s.explain("list", what, err)
		}
		return nil
	}
	if err != nil {
		return s.explain("list", what, err)
	}
	defer d.Close()
	for {
		batch, err := d.ReadDir(listBatch)
		for _, e := range batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := fn(e); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return s.explain("list", what, err)
		}
	}
}

// RemoveStale removes files that broken-off puts and probes left in tmp/ at
// least age ago, by the clock of the medium, and returns how many and their
// bytes. A put that is still under way after that time fails; nothing is lost.
func (s *Store) RemoveStale(ctx context.Context, age time.Duration) (files int, size int64, err error) {
	now, err := s.mediumNow()
	if err != nil {
		return 0, 0, s.explain("remove", store.Name{Type: tmpDir}, err)
	}
	err = s.eachEntry(ctx, tmpDir, s.dir+"/"+tmpDir, func(d fs.DirEntry) error {
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || now.Sub(info.ModTime()) < age) {
			return nil
		}
		if err == nil {
			err = os.Remove(s.dir + "/" + tmpDir + "/" + d.Name())
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return s.explain("remove", store.Name{Type: tmpDir}, err)
		}
		files++
		size += info.Size()
		return nil
	})
	return files, size, err
}

// mediumNow returns the time at the place where the files get theirs, which
// for a network file system is another machine.
func (s *Store) mediumNow() (time.Time, error) {
	path, err := s.writeTemp(nil)
	if err != nil {
		return time.Time{}, err
	}
	defer os.Remove(path)
	info, err := os.Lstat(path)
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
