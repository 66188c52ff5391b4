package local

import (
	"container/list"
	"io/fs"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxOpen  = 64               // packs kept open
	idleTime = 30 * time.Second // after which an unused one is closed
)

// openFiles keeps files of immutable content open. All methods may be called
// concurrently. A file that was evicted or dropped is closed when its last
// reader releases it; one that was unlinked, by whomever, is given to nobody
// any more. Idle files are closed so that a removed pack's space comes free and
// the disk can be unmounted.
type openFiles struct {
	max  int
	path func(name string) string

	mu    sync.Mutex
	files map[string]*file // by the pack's name
	lru   list.List        // of *file, the last used in front
	timer *time.Timer
	ended bool
}

func newOpenFiles(n int, path func(name string) string) *openFiles {
	return &openFiles{max: n, path: path, files: map[string]*file{}}
}

// acquire returns the open file; the caller must release it.
func (o *openFiles) acquire(name string) (*file, error) {
	o.mu.Lock()
	f := o.files[name]
	if f != nil {
		f.refs++
		f.used = true
		o.lru.MoveToFront(f.place)
	}
	o.mu.Unlock()
	if f != nil {
		if f.linked() {
			return f, nil
		}
		o.mu.Lock()
		o.forget(f)
		o.mu.Unlock()
		o.release(f)
	}
	f, err := openFile(o.path(name))
	if err != nil {
		return nil, err
	}
	f.refs = 1
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || o.files[name] != nil {
		return f, nil // for this caller only
	}
	f.name, f.used = name, true
	o.files[name] = f
	f.place = o.lru.PushFront(f)
	for o.lru.Len() > o.max {
		o.forget(o.lru.Back().Value.(*file))
	}
	if o.timer == nil {
		o.timer = time.AfterFunc(idleTime, o.closeIdle)
	}
	return f, nil
}

func (o *openFiles) release(f *file) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f.refs--
	if f.refs == 0 && f.place == nil {
		f.close()
	}
}

// drop forgets the file of that name, which is about to be removed.
func (o *openFiles) drop(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.files[name]; f != nil {
		o.forget(f)
	}
}

// forget takes f out, if it is still in. The caller holds mu.
func (o *openFiles) forget(f *file) {
	if f.place == nil {
		return
	}
	o.lru.Remove(f.place)
	f.place = nil
	delete(o.files, f.name)
	if f.refs == 0 {
		f.close()
	}
}

// closeIdle forgets what was not used since its last run.
func (o *openFiles) closeIdle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for e := o.lru.Front(); e != nil; {
		f := e.Value.(*file)
		e = e.Next()
		if !f.used && f.refs == 0 {
			o.forget(f)
		}
		f.used = false
	}
	o.timer = nil
	if !o.ended && o.lru.Len() > 0 {
		o.timer = time.AfterFunc(idleTime, o.closeIdle)
	}
}

func (o *openFiles) closeAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	if o.timer != nil {
		o.timer.Stop()
	}
	for o.lru.Len() > 0 {
		o.forget(o.lru.Back().Value.(*file))
	}
}

// file is an open file of immutable content. The fields below size belong to
// openFiles and are guarded by its mu.
type file struct {
	fd   int
	size int64

	name  string
	place *list.Element // nil where openFiles does not have it
	refs  int
	used  bool
}

func openFile(path string) (*file, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			unix.Close(fd)
			return nil, &fs.PathError{Op: "open", Path: path, Err: unix.EISDIR}
		}
		return &file{fd: fd, size: st.Size}, nil
	}
}

// linked says whether the file still has a name.
func (f *file) linked() bool {
	var st unix.Stat_t
	return unix.Fstat(f.fd, &st) == nil && st.Nlink > 0
}

// readAt fills b from off on, less where the file ends before.
func (f *file) readAt(b []byte, off int64) (int, error) {
	got := 0
	for got < len(b) {
		n, err := unix.Pread(f.fd, b[got:], off+int64(got))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return got, err
		}
		if n == 0 {
			break
		}
		got += n
	}
	return got, nil
}

func (f *file) close() { unix.Close(f.fd) }
