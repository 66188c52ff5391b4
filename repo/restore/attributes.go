package restore

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// attributes gives an open file or directory its owner, extended attributes,
// mode and time, in the order in which none undoes another. strip removes
// extended attributes that the snapshot does not have. What can't be set is a
// finding.
func (x *run) attributes(path string, fd int, n *tree.Node, chown, strip, chmod bool) {
	mode := n.Mode
	owned := !x.opt.NoOwner || n.UID == x.euid && n.GID == x.egid
	if chown {
		if err := unix.Fchown(fd, int(n.UID), int(n.GID)); err != nil {
			x.finding(path, ownerTrouble(n, err))
			owned = false
		}
	}
	if !owned && n.Type == tree.File {
		mode &^= 0o6000 // else a program would get the rights of whoever restores it
	}
	if strip {
		x.strip(path, fd, n)
	}
	for i := range n.Xattrs {
		a := &n.Xattrs[i]
		if err := unix.Fsetxattr(fd, a.Name, a.Value, 0); err != nil {
			x.finding(path, trouble(fmt.Sprintf("set its extended attribute %q", a.Name), err))
		}
	}
	if chmod || len(n.Xattrs) > 0 {
		if err := unix.Fchmod(fd, mode); err != nil {
			x.finding(path, trouble("set its mode", err))
		}
	}
	if err := futimens(fd, n.MTime); err != nil {
		x.finding(path, trouble("set its time", err))
	}
}

func ownerTrouble(n *tree.Node, err error) error {
	return fmt.Errorf("its owner %d:%d could not be set: %w", n.UID, n.GID, err)
}

// strip removes extended attributes of what was there that n does not have.
func (x *run) strip(path string, fd int, n *tree.Node) {
	var few [1024]byte
	buf := few[:]
	k, err := unix.Flistxattr(fd, buf)
	for err == unix.ERANGE && len(buf) < 1<<20 {
		buf = make([]byte, 4*len(buf))
		k, err = unix.Flistxattr(fd, buf)
	}
	if err != nil || k == 0 {
		return
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(buf[:k]), "\x00"), "\x00") {
		if has(n.Xattrs, name) || strings.HasPrefix(name, "security.selinux") {
			continue
		}
		if err := unix.Fremovexattr(fd, name); err != nil && err != unix.ENODATA && err != unix.EOPNOTSUPP {
			x.finding(path, trouble(fmt.Sprintf("remove the extended attribute %q, which it did not have", name), err))
		}
	}
}

func has(list []tree.Xattr, name string) bool {
	for i := range list {
		if list[i].Name == name {
			return true
		}
	}
	return false
}

// futimens sets the time of an open file; the time of access stays.
func futimens(fd int, t tree.Time) error {
	ts := [2]unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: t.Sec, Nsec: int64(t.Nsec)}}
	_, _, e := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	if e != 0 {
		return syscall.Errno(e)
	}
	return nil
}

// lutimens sets the time of a name, not following it.
func lutimens(at int, name string, t tree.Time) error {
	ts := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: t.Sec, Nsec: int64(t.Nsec)}}
	return unix.UtimesNanoAt(at, name, ts, unix.AT_SYMLINK_NOFOLLOW)
}

// lxattrs sets the extended attributes of a name that can't be opened. There
// is no call that takes a descriptor and a name on older kernels, so the
// descriptor's name in /proc serves.
func (x *run) lxattrs(at int, n *tree.Node, path string) {
	for i := range n.Xattrs {
		a := &n.Xattrs[i]
		name := fmt.Sprintf("/proc/self/fd/%d/%s", at, n.Name)
		var have [256]byte
		if k, err := unix.Lgetxattr(name, a.Name, have[:]); err == nil && bytes.Equal(have[:k], a.Value) {
			continue
		}
		if err := unix.Lsetxattr(name, a.Name, a.Value, 0); err != nil {
			x.finding(path, trouble(fmt.Sprintf("set its extended attribute %q", a.Name), err))
		}
	}
}
