package restore

import (
	"fmt"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// special restores what is neither file nor directory.
func (w *worker) special(f *folder, at int, it *item, path string) error {
	n := &it.node
	err := w.makeSpecial(at, n)
	if err == unix.EEXIST {
		var st unix.Stat_t
		if err := unix.Fstatat(at, n.Name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return trouble("look at what is there", err)
		}
		if w.rule(n, &st) == leave {
			w.skipped.Add(1)
			return nil
		}
		if err := w.remove(at, n.Name); err != nil {
			return err
		}
		err = w.makeSpecial(at, n)
	}
	if err != nil {
		return trouble("make it", err)
	}
	w.others.Add(1)
	if w.ownerDiffers(f, n) {
		if err := unix.Fchownat(at, n.Name, int(n.UID), int(n.GID), unix.AT_SYMLINK_NOFOLLOW); err != nil {
			w.finding(path, ownerTrouble(n, err))
		}
	}
	w.lxattrs(at, n, path)
	if n.Type != tree.Symlink {
		if err := chmodName(at, n.Name, n.Mode); err != nil {
			w.finding(path, trouble("set its mode", err))
		}
	}
	if err := lutimens(at, n.Name, n.MTime); err != nil {
		return trouble("set its time", err)
	}
	return nil
}

func (w *worker) makeSpecial(at int, n *tree.Node) error {
	switch n.Type {
	case tree.Symlink:
		return unix.Symlinkat(n.Target, at, n.Name)
	case tree.Fifo:
		return unix.Mknodat(at, n.Name, unix.S_IFIFO|0o600, 0)
	case tree.Socket:
		return unix.Mknodat(at, n.Name, unix.S_IFSOCK|0o600, 0)
	case tree.CharDevice:
		return unix.Mknodat(at, n.Name, unix.S_IFCHR|0o600, int(n.Rdev))
	case tree.BlockDevice:
		return unix.Mknodat(at, n.Name, unix.S_IFBLK|0o600, int(n.Rdev))
	}
	return unix.EINVAL
}

// chmodName sets the mode of a name without following it and without opening
// what it stands for, which for a device could do something.
func chmodName(at int, name string, mode uint32) error {
	fd, err := unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.ELOOP // somebody exchanged it
	}
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode)
}
