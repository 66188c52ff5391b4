package probe

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// Change is what was changed last below a folder.
type Change struct {
	Path  string
	Time  time.Time
	Count int // of all that was changed
}

// Changed returns what below a folder was changed after a time, by the time
// that the file system notes and no program can set. False is nothing. What is
// removed changes its folder.
func Changed(ctx context.Context, folder string, after time.Time) (Change, bool, error) {
	var c Change
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return c, false, err
	}
	err = filepath.WalkDir(real, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var info fs.FileInfo
		if err == nil {
			info, err = d.Info()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // its folder tells of it
		}
		if err != nil {
			return err
		}
		s, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil
		}
		at := time.Unix(s.Ctim.Unix())
		if at.After(after) {
			c.Count++
			if at.After(c.Time) {
				c.Path, c.Time = path, at
			}
		}
		return nil
	})
	return c, c.Count > 0, err
}
