package dir

import (
	"sync"

	"golang.org/x/sys/unix"
)

// folder is a directory whose descriptor is open while it is held or used, and
// is opened again when it is needed later: an entry may be read after the walk
// has left its directory.
type folder struct {
	parent *folder // nil: name is an absolute path
	name   string
	noTime bool // O_NOATIME is allowed

	mu    sync.Mutex
	id    identity // set when it was first opened
	fd    int      // -1: closed
	users int      // acquired and not released
	held  bool     // by the walk, or among the recent ones
}

// acquire returns the open descriptor. The caller calls release after use.
func (f *folder) acquire() (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		if err := f.open(); err != nil {
			return -1, err
		}
	}
	f.users++
	return f.fd, nil
}

func (f *folder) release() {
	f.mu.Lock()
	f.users--
	f.closeIdle()
	f.mu.Unlock()
}

// hold keeps the descriptor open until drop.
func (f *folder) hold() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		if err := f.open(); err != nil {
			return err
		}
	}
	f.held = true
	return nil
}

func (f *folder) drop() {
	f.mu.Lock()
	f.held = false
	f.closeIdle()
	f.mu.Unlock()
}

func (f *folder) closeIdle() {
	if f.users == 0 && !f.held && f.fd >= 0 {
		_ = unix.Close(f.fd) // opened for reading: nothing can be lost
		f.fd = -1
	}
}

// open opens the directory; the second time it must be the same one.
func (f *folder) open() error {
	flags := unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	at := unix.AT_FDCWD
	if f.parent != nil {
		flags |= unix.O_NOFOLLOW
		fd, err := f.parent.acquire()
		if err != nil {
			return err
		}
		defer f.parent.release()
		at = fd
	}
	fd, err := openat(at, f.name, flags, f.noTime)
	if err != nil {
		return err
	}
	if (f.id != identity{}) {
		var st unix.Stat_t
		err := unix.Fstat(fd, &st)
		if err == nil && f.id != (identity{uint64(st.Dev), st.Ino}) {
			err = unix.ESTALE
		}
		if err != nil {
			_ = unix.Close(fd)
			return err
		}
	}
	f.fd = fd
	return nil
}

// openat opens without changing the access time where that is allowed.
func openat(at int, name string, flags int, noTime bool) (int, error) {
	for {
		with := flags
		if noTime {
			with |= unix.O_NOATIME
		}
		fd, err := unix.Openat(at, name, with, 0)
		switch {
		case err == unix.EINTR:
		case err == unix.EPERM && noTime:
			noTime = false
		default:
			return fd, err
		}
	}
}

// recent keeps the descriptors of the folders that the walk left last, since
// readers of files follow the walk at a small distance.
type recent struct {
	mu     sync.Mutex
	ring   [64]*folder
	next   int
	closed bool
}

// leave takes over the hold on a folder.
func (r *recent) leave(f *folder) {
	r.mu.Lock()
	old := f
	if !r.closed {
		old, r.ring[r.next] = r.ring[r.next], f
		r.next = (r.next + 1) % len(r.ring)
	}
	r.mu.Unlock()
	if old != nil {
		old.drop()
	}
}

func (r *recent) close() {
	r.mu.Lock()
	ring := r.ring
	r.ring, r.closed = [64]*folder{}, true
	r.mu.Unlock()
	for _, f := range ring {
		if f != nil {
			f.drop()
		}
	}
}
