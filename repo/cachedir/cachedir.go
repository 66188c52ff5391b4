// Package cachedir looks after the folder that holds the local caches of all
// repositories that this user works with.
//
// Promise: what it removes can be made anew from the repository. Only folders
// that look like a repository's cache are touched.
package cachedir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"time"
)

// Folder is the cache of one repository.
type Folder struct {
	Repository string    `json:"repository"` // the first 16 digits of its id
	Path       string    `json:"path"`
	Size       int64     `json:"bytes"`
	Used       time.Time `json:"used"` // when something in it was changed last
}

// Report is what was listed or removed.
type Report struct {
	Folders []Folder `json:"folders"`
	Size    int64    `json:"bytes"`
}

// List returns the caches, the one used last first. A root that isn't there
// holds none.
func List(ctx context.Context, root string) (Report, error) {
	rep := Report{Folders: []Folder{}}
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return rep, nil
	}
	if err != nil {
		return rep, err
	}
	for _, e := range entries {
		if !e.IsDir() || !isFolder(e.Name()) {
			continue
		}
		f := Folder{Repository: e.Name(), Path: filepath.Join(root, e.Name())}
		if err := f.measure(ctx); err != nil {
			return rep, err
		}
		rep.Folders = append(rep.Folders, f)
		rep.Size += f.Size
	}
	sort.Slice(rep.Folders, func(i, j int) bool { return rep.Folders[i].Used.After(rep.Folders[j].Used) })
	return rep, nil
}

// isFolder reports whether the name is that of a repository's cache.
func isFolder(name string) bool {
	ok, err := regexp.MatchString(`^[0-9a-f]{16}$`, name)
	return ok && err == nil
}

func (f *Folder) measure(ctx context.Context) error {
	return filepath.WalkDir(f.Path, func(_ string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		var info fs.FileInfo
		if err == nil {
			info, err = d.Info()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process tidies up
		}
		if err != nil {
			return err
		}
		if info.ModTime().After(f.Used) {
			f.Used = info.ModTime().UTC()
		}
		if info.Mode().IsRegular() {
			f.Size += info.Size()
		}
		return nil
	})
}

// Clean removes the caches that were not used since before, and returns them.
func Clean(ctx context.Context, root string, before time.Time) (Report, error) {
	rep := Report{Folders: []Folder{}}
	all, err := List(ctx, root)
	if err != nil {
		return rep, err
	}
	for _, f := range all.Folders {
		if !f.Used.Before(before) {
			continue
		}
		if err := os.RemoveAll(f.Path); err != nil {
			return rep, fmt.Errorf("the cache of repository %s can't be removed: %w", f.Repository, err)
		}
		rep.Folders = append(rep.Folders, f)
		rep.Size += f.Size
	}
	return rep, nil
}
