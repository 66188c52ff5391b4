package restore

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// clear removes from a directory that was there what the snapshot's does not
// have, as far as it is selected.
func (x *run) clear(ctx context.Context, f *folder, dir chunkRef, all bool) {
	if f.up != nil && !all && !x.including {
		return
	}
	f.mu.Lock()
	there := f.tried && f.fd >= 0 && !f.made
	fd := f.fd
	f.mu.Unlock()
	if !there {
		return
	}
	names, err := namesIn(fd)
	if err != nil {
		x.finding(f.path, trouble("list what is to be deleted in it", err))
		return
	}
	for _, name := range names {
		path := tree.Join(f.path, name)
		if !all && !x.include.Excludes(path) || x.exclude.Excludes(path) {
			continue
		}
		_, err := x.tree.Lookup(ctx, dir, name)
		if err == nil || ctx.Err() != nil {
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) || isStore(err) {
			return // the walk meets the same error and reports it
		}
		if x.mode == dry {
			x.deleted.Add(1)
		} else if err := x.removeAll(fd, name); err != nil && err != unix.ENOENT {
			x.finding(path, trouble("delete it", err))
		}
	}
}
