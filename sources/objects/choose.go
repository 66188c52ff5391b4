package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// chosen calls visit for the files that are to go back, with their keys.
func (r *restore) chosen(ctx context.Context, visit func(key, name string, i fs.FileInfo) error) error {
	if len(r.opt.Only) == 0 {
		for _, top := range []string{natural, unusual} {
			if err := r.below(ctx, top, "", visit); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range r.opt.Only {
		var err error
		if strings.HasSuffix(name, "/") {
			err = r.prefix(ctx, name, visit)
		}
		if err == nil {
			err = r.one(name, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prefix visits what lies below a prefix: in its folder, and among the unusual.
func (r *restore) prefix(ctx context.Context, prefix string, visit func(key, name string, i fs.FileInfo) error) error {
	if wild(prefix, 0) == "" {
		err := r.below(ctx, folder(prefix), "", func(key, name string, i fs.FileInfo) error {
			if key == prefix {
				return nil // the object that marks the folder: one visits it
			}
			return visit(key, name, i)
		})
		if err != nil {
			return err
		}
	}
	return r.below(ctx, unusual, prefix, func(key, name string, i fs.FileInfo) error {
		if key == prefix {
			return nil
		}
		return visit(key, name, i)
	})
}

// one visits the file of a key, wherever it stands.
func (r *restore) one(key string, visit func(key, name string, i fs.FileInfo) error) error {
	names := []string{hexPath(key)}
	if wild(key, 0) == "" {
		names = append(names, path(key, true), path(key, false))
	}
	for _, name := range names {
		i, err := fs.Stat(r.from, name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && i.IsDir() {
			continue
		}
		if err != nil {
			return err
		}
		return visit(key, name, i)
	}
	return nil
}

// below visits all files below a folder whose keys begin with prefix. It keeps
// a few names in memory, however many there are.
func (r *restore) below(ctx context.Context, dir, prefix string, visit func(key, name string, i fs.FileInfo) error) error {
	f, err := r.from.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	d, ok := f.(fs.ReadDirFile)
	if !ok {
		return fmt.Errorf("%s is no folder", dir)
	}
	for {
		list, err := d.ReadDir(256)
		for _, e := range list {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := r.entry(ctx, dir+"/"+e.Name(), prefix, e, visit); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *restore) entry(ctx context.Context, name, prefix string, e fs.DirEntry, visit func(key, name string, i fs.FileInfo) error) error {
	if e.IsDir() {
		return r.below(ctx, name, prefix, visit)
	}
	key, ok := keyOf(name)
	if !ok {
		return fmt.Errorf("%s is no file of a captured bucket", name)
	}
	if !strings.HasPrefix(key, prefix) {
		return nil
	}
	i, err := e.Info()
	if err != nil {
		return err
	}
	return visit(key, name, i)
}
