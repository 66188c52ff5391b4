package restore

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// folder is a directory on its way into the target.
type folder struct {
	x    *run
	up   *folder // nil: the target
	name string
	path string // in the snapshot
	sub  string // below the target
	node tree.Node
	mine bool // it was selected itself, not only something below it

	pending atomic.Int32 // the walk, what is in work, and folders below

	mu    sync.Mutex
	tried bool
	err   error  // why it could not be opened
	fd    int    // -1: not open
	made  bool   // by this run
	group uint32 // group that new entries get by themselves
	acl   bool   // new entries get access lists by themselves
}

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// errAbsent says that a directory is not there in a pass that makes none.
var errAbsent = errors.New("its directory does not exist")

// openTarget opens the target, making it in a pass that writes.
func (x *run) openTarget() (*folder, error) {
	f := &folder{x: x, fd: -1, tried: true, group: x.egid}
	f.pending.Store(1)
	if x.mode == write {
		if err := os.MkdirAll(x.opt.Target, 0o755); err != nil {
			return nil, fmt.Errorf("the target can't be made: %w", err)
		}
	}
	fd, err := unix.Open(x.opt.Target, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT && x.mode == dry {
		f.err = errAbsent
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the target can't be opened: %w", &os.PathError{Op: "open", Path: x.opt.Target, Err: err})
	}
	f.fd = fd
	f.look()
	return f, nil
}

// below begins a folder in f.
func (f *folder) below(n tree.Node, mine bool) *folder {
	c := &folder{x: f.x, up: f, name: n.Name, path: tree.Join(f.path, n.Name), sub: tree.Join(f.sub, n.Name), node: n, mine: mine, fd: -1}
	c.pending.Store(1)
	f.pending.Add(1)
	return c
}

// open makes the directory and those above it, the first time, and returns its
// descriptor.
func (f *folder) open() (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.tried {
		f.tried = true
		if f.err = f.enter(); f.err != nil && f.x.mode == write {
			f.x.finding(f.path, f.err)
		}
	}
	return f.fd, f.err
}

func (f *folder) enter() error {
	at, err := f.up.open()
	if err != nil {
		if errors.Is(err, errAbsent) {
			return err
		}
		return fmt.Errorf("its directory could not be made: %w", err)
	}
	if f.x.mode == write {
		err := unix.Mkdirat(at, f.name, 0o700)
		if err == nil {
			f.made = true
		} else if err != unix.EEXIST {
			return trouble("make the directory", err)
		}
	}
	fd, err := retry(func() (int, error) { return unix.Openat(at, f.name, dirFlags, 0) })
	if err != nil && f.x.mode != write {
		return errAbsent
	}
	switch {
	case (err == unix.ENOTDIR || err == unix.ELOOP) && f.x.opt.Overwrite != Never:
		// Something else has the name; a link is never followed.
		if err := unix.Unlinkat(at, f.name, 0); err != nil {
			return trouble("remove what is in the way", err)
		}
		if err := unix.Mkdirat(at, f.name, 0o700); err != nil {
			return trouble("make the directory", err)
		}
		f.made = true
		fd, err = unix.Openat(at, f.name, dirFlags, 0)
	case err == unix.ENOTDIR || err == unix.ELOOP:
		return errors.New("something that is no directory has its name and is not to be overwritten")
	case err == unix.EACCES && !f.made:
		// One that belongs to this user can be opened up; it gets its mode last.
		if unix.Fchmodat(at, f.name, 0o700, unix.AT_SYMLINK_NOFOLLOW) == nil {
			fd, err = unix.Openat(at, f.name, dirFlags, 0)
		}
	}
	if err != nil {
		return trouble("open the directory", err)
	}
	f.fd = fd
	if f.made {
		f.group, f.acl = f.up.group, f.up.acl
		return nil
	}
	f.look()
	return nil
}

// look finds out what entries of a directory that was there get by themselves,
// and makes sure that this user may write there.
func (f *folder) look() {
	f.group = f.x.egid
	var st unix.Stat_t
	if unix.Fstat(f.fd, &st) == nil {
		if st.Mode&unix.S_ISGID != 0 {
			f.group = st.Gid
		}
		if f.up != nil && f.x.mode == write && f.x.euid != 0 && st.Uid == f.x.euid && st.Mode&0o700 != 0o700 {
			_ = unix.Fchmod(f.fd, st.Mode&0o7777|0o700) // where it fails, what is made in it says so
		}
	}
	_, err := unix.Fgetxattr(f.fd, "system.posix_acl_default", nil)
	f.acl = err == nil
}

// release ends one use; with the last one the directory is completed.
func (f *folder) release() {
	if f.pending.Add(-1) > 0 {
		return
	}
	if f.up == nil {
		return
	}
	f.mu.Lock()
	if f.fd >= 0 {
		if f.x.mode == write {
			f.complete()
		}
		_ = unix.Close(f.fd) // opened for reading
		f.fd = -1
	}
	f.mu.Unlock()
	f.up.release()
}

// complete gives the directory what it had, once nothing changes in it any more.
func (f *folder) complete() {
	if !f.made && (!f.mine || f.x.opt.Overwrite == Never) {
		return
	}
	if f.x.opt.Overwrite == IfNewer && !f.made {
		return
	}
	f.x.dirs.Add(1)
	f.x.attributes(f.path, f.fd, &f.node, f.x.ownerDiffers(f, &f.node), !f.made || f.acl, true)
}

// close ends the target itself.
func (f *folder) close() {
	if f.fd >= 0 {
		_ = unix.Close(f.fd)
		f.fd = -1
	}
}
