// Package scratch gives folders for what a tool insists on writing to disk
// before it can be captured.
//
// Promise: a folder is made only where there is room for it, can be read by its
// owner only, and goes: with Close, or, where the process was killed, with the
// next New in the same place.
package scratch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// prefix begins the names of all scratch folders, so that those of killed
// processes can be told from everything else.
const prefix = "ivyvault-scratch-"

// Dir is one folder.
type Dir struct {
	path string
	lock *os.File
	once sync.Once
	err  error
}

// NoRoomError says that a place has too little room.
type NoRoomError struct {
	Where      string
	Need, Free int64 // bytes
}

func (e *NoRoomError) Error() string {
	return fmt.Sprintf("%s has %d MiB free, and %d MiB are needed for scratch files: free some, or name another place for them with 'scratch:' in the configuration", e.Where, e.Free>>20, e.Need>>20)
}

// reserve is what must stay free beside what is needed, in bytes: a full disk
// stops the engine that is to be protected.
const reserve = 256 << 20

// New makes a folder below parent, "" being the system's folder for temporary
// files, after it has removed those that killed processes left there. Need is
// how many bytes will be written to it, as far as is known.
func New(parent string, need int64) (*Dir, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	if err := Clean(parent); err != nil {
		return nil, err
	}
	free, err := Free(parent)
	if err != nil {
		return nil, err
	}
	if free < need+reserve {
		return nil, &NoRoomError{parent, need + reserve, free}
	}
	for range attempts {
		d, err := create(parent)
		if d != nil || err != nil {
			return d, err
		}
	}
	return nil, fmt.Errorf("no scratch folder can be made in %s: each was removed by another process before it could be used", parent)
}

// attempts bounds how often a folder is made anew that was swept away. Each
// takes another sweep at just that moment.
const attempts = 100

// create makes a folder and locks it. Between the two it looks like one that a
// killed process left, so a Clean elsewhere may take it away: then there is
// neither a folder nor an error.
func create(parent string) (*Dir, error) {
	path, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return nil, fmt.Errorf("no scratch folder can be made: %w", err)
	}
	lock, err := hold(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && lock == nil {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the scratch folder %s: %w", path, err), os.RemoveAll(path))
	}
	// It may have gone after it was opened.
	if _, err := os.Lstat(path); err != nil {
		gone := lock.Close()
		if errors.Is(err, os.ErrNotExist) {
			return nil, gone
		}
		return nil, errors.Join(fmt.Errorf("the scratch folder: %w", err), gone)
	}
	return &Dir{path: path, lock: lock}, nil
}

// Path returns the folder's path.
func (d *Dir) Path() string { return d.path }

// Close removes the folder and all in it.
func (d *Dir) Close() error {
	d.once.Do(func() { d.err = errors.Join(os.RemoveAll(d.path), d.lock.Close()) })
	return d.err
}

// Free tells how many bytes may be written below a folder.
func Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// Clean removes the scratch folders below parent whose process is gone.
func Clean(parent string) error {
	names, err := os.ReadDir(parent)
	if err != nil {
		return fmt.Errorf("the place for scratch folders: %w", err)
	}
	for _, n := range names {
		if !n.IsDir() || !strings.HasPrefix(n.Name(), prefix) {
			continue
		}
		path := filepath.Join(parent, n.Name())
		lock, err := hold(path)
		if err != nil || lock == nil {
			continue // another user's, or in use
		}
		err = os.RemoveAll(path)
		if err := errors.Join(err, lock.Close()); err != nil {
			return fmt.Errorf("a scratch folder that a killed run left can't be removed: %w", err)
		}
	}
	return nil
}

// hold locks a folder; nil without an error says that another process has it.
// The lock is the folder's own, so nothing lies in it that a tool could trip on.
func hold(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, err
	}
	return f, nil
}

// Watch calls over once when the folder holds more than limit bytes, looking
// every so often until the context ends. It bounds tools that can't be told a
// bound.
func (d *Dir) Watch(ctx context.Context, limit int64, over func(size int64)) {
	watch(ctx, func() int64 { return size(d.path) }, limit, over)
}
