package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"ivyvault/repo/store"
	"ivyvault/repo/tree"
)

// trouble says what could not be done, and how the system put it.
func trouble(doing string, err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("could not %s: the target is full: %w", doing, err)
	}
	return fmt.Errorf("could not %s: %w", doing, err)
}

// isStore reports whether an error comes from the repository's medium.
func isStore(err error) bool {
	var e *store.Error
	return errors.As(err, &e)
}

// retry repeats a call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		fd, err := call()
		if err != unix.EINTR {
			return fd, err
		}
	}
}

func openRead(at int, name string) (int, error) {
	return retry(func() (int, error) {
		return unix.Openat(at, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
}

// opened is a regular file that is open for writing.
type opened struct {
	fd    int
	fresh bool  // made by this run, and empty
	same  bool  // its content is taken for the same by the rule for overwriting
	skip  bool  // it is to be left alone; fd is not open
	size  int64 // of one that was there
	chown bool
	chmod bool
}

// ownerDiffers reports whether the owner must be set on something new in f.
func (x *run) ownerDiffers(f *folder, n *tree.Node) bool {
	return !x.opt.NoOwner && (n.UID != x.euid || n.GID != f.group)
}

// openFile opens or makes the file for n in the folder. What is in the way and
// can't be written into is removed first, by the rule for overwriting.
func (x *run) openFile(f *folder, at int, n *tree.Node) (opened, error) {
	o := opened{fd: -1, fresh: true, chown: x.ownerDiffers(f, n)}
	// The final mode at once saves a call; not where others could get at a file
	// that is not theirs yet, or where the mode would not come out.
	create := n.Mode
	if o.chown || f.acl || n.Mode&^0o777 != 0 || n.Mode&x.umask != 0 {
		create, o.chmod = 0o600, true
	}
	const flags = unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_RDWR
	fd, err := retry(func() (int, error) { return unix.Openat(at, n.Name, flags, create) })
	if err == nil {
		o.fd = fd
		return o, nil
	}
	if err != unix.EEXIST {
		return o, trouble("make it", err)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(at, n.Name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return o, trouble("look at what is there", err)
	}
	switch x.rule(n, &st) {
	case leave:
		x.skipped.Add(1)
		o.skip = true
		return o, nil
	case same:
		o.same = true
	}
	// A file with other names may have them outside of the target: it is written
	// into only where the snapshot knows as many names of it.
	if st.Mode&unix.S_IFMT == unix.S_IFREG && (st.Nlink == 1 || o.same && uint64(st.Nlink) == n.Links) {
		if ok, err := x.reopen(at, n, &st, &o); ok || err != nil {
			return o, err
		}
	}
	if err := x.remove(at, n.Name); err != nil {
		return o, err
	}
	fd, err = retry(func() (int, error) { return unix.Openat(at, n.Name, flags, create) })
	if err != nil {
		return o, trouble("make it", err)
	}
	o.fd, o.same = fd, false
	return o, nil
}

// reopen opens a file that is there, unless it can't be written.
func (x *run) reopen(at int, n *tree.Node, st *unix.Stat_t, o *opened) (bool, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(at, n.Name, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return false, nil // it is replaced
	}
	var now unix.Stat_t
	if err := unix.Fstat(fd, &now); err != nil || now.Ino != st.Ino || now.Dev != st.Dev {
		_ = unix.Close(fd)
		return false, errors.New("it was changed by somebody else meanwhile")
	}
	o.fd, o.fresh, o.size = fd, false, now.Size
	o.chmod = now.Mode&0o7777 != n.Mode
	o.chown = !x.opt.NoOwner && (now.Uid != n.UID || now.Gid != n.GID)
	return true, nil
}

// What the rule for overwriting says of something that is there.
type verdict uint8

const (
	replace verdict = iota
	leave
	same
)

func (x *run) rule(n *tree.Node, st *unix.Stat_t) verdict {
	sec, nsec := st.Mtim.Sec, uint32(st.Mtim.Nsec)
	equal := sec == n.MTime.Sec && nsec == n.MTime.Nsec
	switch x.opt.Overwrite {
	case Never:
		return leave
	case IfNewer:
		if equal || sec > n.MTime.Sec || sec == n.MTime.Sec && nsec > n.MTime.Nsec {
			return leave
		}
	case IfChanged:
		if equal && st.Mode&unix.S_IFMT == unix.S_IFREG && n.Type == tree.File && uint64(st.Size) == n.Size {
			return same
		}
	}
	return replace
}

// look is what a dry run does with an entry.
func (w *worker) look(at int, it *item) {
	n := &it.node
	var st unix.Stat_t
	there := at >= 0 && unix.Fstatat(at, n.Name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil
	v := replace
	if there {
		v = w.rule(n, &st)
	}
	switch {
	case v == leave:
		w.skipped.Add(1)
	case n.Type != tree.File:
		w.others.Add(1)
	default:
		w.counted(n, v != same)
	}
}

// remove takes away what is in an entry's way. A directory that is not empty
// goes only where Delete was asked for.
func (x *run) remove(at int, name string) error {
	err := unix.Unlinkat(at, name, 0)
	if err == unix.EISDIR || err == unix.EPERM {
		err = unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
		if (err == unix.ENOTEMPTY || err == unix.EEXIST) && x.opt.Delete {
			err = x.removeAll(at, name)
		} else if err == unix.ENOTEMPTY || err == unix.EEXIST {
			return errors.New("a directory that is not empty has its name: move it away, or restore with --delete")
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return trouble("remove what is in the way", err)
	}
	return nil
}

// removeAll removes what the name stands for, with all below it, following no
// links.
func (x *run) removeAll(at int, name string) error {
	err := unix.Unlinkat(at, name, 0)
	if err != unix.EISDIR && err != unix.EPERM {
		if err == nil {
			x.deleted.Add(1)
		}
		return err
	}
	fd, err := unix.Openat(at, name, dirFlags, 0)
	if err != nil {
		return err
	}
	names, err := namesIn(fd)
	for _, n := range names {
		if e := x.removeAll(fd, n); err == nil {
			err = e
		}
	}
	_ = unix.Close(fd)
	if err != nil {
		return err
	}
	if err = unix.Unlinkat(at, name, unix.AT_REMOVEDIR); err == nil {
		x.deleted.Add(1)
	}
	return err
}

// namesIn lists an open directory.
func namesIn(fd int) ([]string, error) {
	other, err := unix.Openat(fd, ".", dirFlags, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(other), ".")
	defer f.Close()
	return f.Readdirnames(-1)
}
