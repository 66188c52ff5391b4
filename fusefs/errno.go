package fusefs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"ivyvault/chunk"
)

// errGone is for what the kernel asks of a directory that is in no table.
var errGone = errors.New("the directory is not known any more")

// errno translates an error for the kernel and tells the observer of those
// that a user must hear of. id is what was asked about.
func (m *mount) errno(err error, id uint64) fuse.Status {
	switch {
	case err == nil:
		return fuse.OK
	case errors.Is(err, chunk.ErrDamaged): // a pack that is gone is no file that is gone
		m.troubles.report(m, err, id)
		return fuse.EIO
	case errors.Is(err, fs.ErrNotExist):
		return fuse.ENOENT
	case errors.Is(err, errGone):
		return fuse.Status(syscall.ESTALE)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		if m.ctx.Err() == nil {
			return fuse.EINTR
		}
		return fuse.Status(syscall.ENOTCONN)
	}
	m.troubles.report(m, err, id)
	return fuse.EIO
}

// panicked makes an error of the request out of a fault of the program: the
// mount goes on for everything else.
func (m *mount) panicked(what any) fuse.Status {
	m.troubles.report(m, fmt.Errorf("a fault of the program: %v\n%s", what, debug.Stack()), 0)
	return fuse.EIO
}
