package dir

import (
	"unsafe"

	"ivyvault/sources"

	"golang.org/x/sys/unix"
)

// statx asks for the attributes of a name in a directory. The name must end in
// a zero byte. The wrapper in x/sys takes a string and copies it for each
// call; here the bytes of the listing are passed as they are.
func statx(dirfd int, name []byte, flags int, a *sources.Attr, st *unix.Statx_t) error {
	for {
		_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(dirfd), uintptr(unsafe.Pointer(&name[0])),
			uintptr(flags), unix.STATX_BASIC_STATS, uintptr(unsafe.Pointer(st)), 0)
		switch errno {
		case 0:
			fill(a, st)
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

func fill(a *sources.Attr, st *unix.Statx_t) {
	*a = sources.Attr{
		Type:   typeOf(st.Mode),
		Mode:   uint32(st.Mode) & 0o7777,
		UID:    st.Uid,
		GID:    st.Gid,
		MTime:  sources.Time{Sec: st.Mtime.Sec, Nsec: st.Mtime.Nsec},
		CTime:  sources.Time{Sec: st.Ctime.Sec, Nsec: st.Ctime.Nsec},
		Inode:  st.Ino,
		Device: unix.Mkdev(st.Dev_major, st.Dev_minor),
		Links:  uint64(st.Nlink),
	}
	switch a.Type {
	case sources.File:
		a.Size = st.Size
	case sources.CharDevice, sources.BlockDevice:
		a.Rdev = unix.Mkdev(st.Rdev_major, st.Rdev_minor)
	}
}

func typeOf(mode uint16) sources.Type {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return sources.File
	case unix.S_IFDIR:
		return sources.Dir
	case unix.S_IFLNK:
		return sources.Symlink
	case unix.S_IFIFO:
		return sources.Fifo
	case unix.S_IFCHR:
		return sources.CharDevice
	case unix.S_IFBLK:
		return sources.BlockDevice
	case unix.S_IFSOCK:
		return sources.Socket
	}
	return 0
}
