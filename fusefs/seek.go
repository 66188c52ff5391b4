package fusefs

import (
	"context"
	"syscall"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// seek returns the first byte from off on that is data or, for SEEK_HOLE, part
// of a hole; the end of a file counts as one.
func seek(ctx context.Context, f *content, off uint64, whence uint32) (uint64, error) {
	if whence != unix.SEEK_DATA && whence != unix.SEEK_HOLE {
		return 0, syscall.EINVAL
	}
	if off >= f.size {
		return 0, syscall.ENXIO
	}
	at, found := f.size, false
	err := f.file.Extents(ctx, int64(off), func(x tree.Extent) error {
		hole := x.Hole()
		if hole == (whence == unix.SEEK_HOLE) {
			at, found = max(off, x.Offset), true
			return errEnough
		}
		return nil
	})
	if err != nil && err != errEnough {
		return 0, err
	}
	if whence == unix.SEEK_DATA && !found {
		return 0, syscall.ENXIO
	}
	return at, nil
}
