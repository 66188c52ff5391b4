package dir

import (
	"io"
	"os"

	"ivyvault/sources"

	"golang.org/x/sys/unix"
)

// file is an open content. A plain descriptor, since an os.File asks the
// network poller first, which costs more than reading a small file.
type file struct {
	it  *item
	fd  int // -1: closed
	off int64
}

var (
	_ io.ReadCloser      = (*file)(nil)
	_ io.ReaderAt        = (*file)(nil)
	_ sources.Extents    = (*file)(nil)
	_ sources.Checker    = (*file)(nil)
	_ sources.Attributed = (*file)(nil)
)

// Read reads on. It uses an offset of its own: NextData moves the kernel's.
func (f *file) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.pread(p, f.off)
	f.off += int64(n)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// ReadAt fills p from an offset.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := f.pread(p[done:], off+int64(done))
		if err != nil {
			return done, err
		}
		if n == 0 {
			return done, io.EOF
		}
		done += n
	}
	return done, nil
}

func (f *file) pread(p []byte, off int64) (int, error) {
	if f.fd < 0 {
		return 0, &sources.Finding{Path: f.it.path, What: "read it", Err: os.ErrClosed}
	}
	for {
		n, err := unix.Pread(f.fd, p, off)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, trouble(f.it.path, "read it", err)
		}
		return n, nil
	}
}

// NextData asks the file system where data is. One that doesn't know holes
// answers that all is data.
func (f *file) NextData(off int64) (data, end int64, err error) {
	data, err = unix.Seek(f.fd, off, unix.SEEK_DATA)
	switch {
	case err == unix.ENXIO:
		return 0, 0, io.EOF
	case err == unix.EINVAL || err == unix.EOPNOTSUPP:
		if size := int64(f.it.attr.Size); off < size {
			return off, size, nil
		}
		return 0, 0, io.EOF
	case err != nil:
		return 0, 0, trouble(f.it.path, "find its holes", err)
	}
	end, err = unix.Seek(f.fd, data, unix.SEEK_HOLE)
	if err == unix.ENXIO { // truncated meanwhile
		return 0, 0, io.EOF
	}
	if err != nil {
		return 0, 0, trouble(f.it.path, "find its holes", err)
	}
	return data, end, nil
}

// Changed compares the open file with what the walk saw.
func (f *file) Changed() (bool, error) {
	var st unix.Statx_t
	var now sources.Attr
	if err := statx(f.fd, []byte{0}, unix.AT_EMPTY_PATH, &now, &st); err != nil {
		return true, trouble(f.it.path, "read its attributes", err)
	}
	return !now.SameContent(&f.it.attr), nil
}

// Close closes the file; a second time is no error.
func (f *file) Close() error {
	if f.fd < 0 {
		return nil
	}
	fd := f.fd
	f.fd = -1
	return unix.Close(fd)
}
