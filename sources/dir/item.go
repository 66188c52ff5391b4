package dir

import (
	"context"
	"io"

	"ivyvault/sources"

	"golang.org/x/sys/unix"
)

// item is what an entry of the walk refers to.
type item struct {
	dir    *folder
	path   string // in the snapshot
	name   string // in dir
	noTime bool
	attr   sources.Attr

	place int   // in the folder's listing
	err   error // of asking for attr; a *sources.Notice where the name is skipped
	ahead ahead
}

var _ sources.Item = (*item)(nil)

func (it *item) entry() sources.Entry {
	return sources.Entry{Path: it.path, Attr: it.attr, Item: it}
}

// contentFlags open a content. Without O_NONBLOCK a fifo that took the file's
// place would stop us.
const contentFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

// Open opens the file's content. A file that is gone is a *sources.Notice.
func (it *item) Open(ctx context.Context) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if fd, ok := it.ahead.take(); ok {
		return &file{it: it, fd: fd}, nil
	}
	at, err := it.dir.acquire()
	if err != nil {
		return nil, trouble(it.path, "open it", err)
	}
	defer it.dir.release()
	fd, err := openat(at, it.name, contentFlags, it.noTime)
	if err != nil {
		return nil, trouble(it.path, "open it", err)
	}
	return &file{it: it, fd: fd}, nil
}

func (it *item) target() (string, error) {
	at, err := it.dir.acquire()
	if err != nil {
		return "", err
	}
	defer it.dir.release()
	for size := 256; ; size *= 4 {
		buf := make([]byte, size)
		n, err := unix.Readlinkat(at, it.name, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return "", err
		}
		if n < size {
			return string(buf[:n]), nil
		}
	}
}
