package dir

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"ivyvault/sources"

	"golang.org/x/sys/unix"
)

// Where every file will be read, the walk opens it and asks the descriptor for
// the attributes: the kernel then looks each name up once instead of twice,
// which for small files is a tenth of a whole backup.

// mostAhead is how many files are open at once at most, waiting to be read: as
// many as the walk is ahead of its readers. Beyond it, names are asked about.
const mostAhead = 2048

// opener opens files ahead and knows those that nobody has taken yet.
type opener struct {
	limit int32
	count atomic.Int32 // open and not taken

	mu      sync.Mutex
	batches [][]item // with files that may be open
}

// newOpener leaves three quarters of the descriptors that the process may have
// to others.
func newOpener() *opener {
	o := &opener{limit: mostAhead}
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err == nil && r.Cur/4 < mostAhead {
		o.limit = int32(r.Cur / 4)
	}
	return o
}

// ahead is the descriptor of a file that was opened ahead.
type ahead struct {
	by *opener // nil: it wasn't
	fd int32   // the descriptor, -1 when it was taken; atomic
}

// ahead opens an item's file and fills in its attributes. Where it returns
// false nothing is known, and the item is to be asked about by its name, which
// also tells the error.
func (o *opener) ahead(at int, name []byte, it *item, st *unix.Statx_t) bool {
	if o.count.Load() >= o.limit {
		return false
	}
	fd, err := openName(at, name)
	if err != nil {
		return false
	}
	if err := statx(fd, []byte{0}, unix.AT_EMPTY_PATH, &it.attr, st); err != nil || it.attr.Type != sources.File {
		_ = unix.Close(fd) // opened for reading: nothing can be lost
		return false
	}
	o.count.Add(1)
	it.ahead.by = o
	atomic.StoreInt32(&it.ahead.fd, int32(fd))
	return true
}

// openName opens a content by a name that ends in a zero byte, without a copy
// of it and, where that is allowed, without changing the access time.
func openName(at int, name []byte) (int, error) {
	flags := contentFlags | unix.O_NOATIME
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&name[0])), uintptr(flags), 0, 0, 0)
		switch {
		case errno == 0:
			return int(fd), nil
		case errno == unix.EINTR:
		case errno == unix.EPERM && flags != contentFlags:
			flags = contentFlags
		default:
			return -1, errno
		}
	}
}

// take returns the descriptor, once.
func (a *ahead) take() (fd int, ok bool) {
	if a.by == nil {
		return -1, false
	}
	n := atomic.SwapInt32(&a.fd, -1)
	if n < 0 {
		return -1, false
	}
	a.by.count.Add(-1)
	return int(n), true
}

// taken reports whether there is no descriptor to be closed.
func (a *ahead) taken() bool { return a.by == nil || atomic.LoadInt32(&a.fd) < 0 }

// close closes a file that nobody will open.
func (a *ahead) close() {
	if fd, ok := a.take(); ok {
		_ = unix.Close(fd)
	}
}

// watch remembers a batch whose files are to be opened, until all are taken.
func (o *opener) watch(batch []item) {
	if o == nil || len(batch) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.batches = slices.DeleteFunc(o.batches, allTaken)
	o.batches = append(o.batches, batch)
}

func allTaken(batch []item) bool {
	for i := len(batch) - 1; i >= 0; i-- { // the last one is taken last
		if !batch[i].ahead.taken() {
			return false
		}
	}
	return true
}

// close closes what nobody has taken. The walk has ended.
func (o *opener) close() {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, batch := range o.batches {
		for i := range batch {
			batch[i].ahead.close()
		}
	}
	o.batches = nil
}
