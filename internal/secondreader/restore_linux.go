package secondreader

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// makeNode makes a fifo, a device or a socket.
func makeNode(at string, e *Entry) error {
	types := map[byte]uint32{
		Fifo: syscall.S_IFIFO, Character: syscall.S_IFCHR, Block: syscall.S_IFBLK, Socket: syscall.S_IFSOCK,
	}
	if err := syscall.Mknod(at, types[e.Type]|0o600, int(e.Node)); err != nil {
		return &os.PathError{Op: "mknod", Path: at, Err: err}
	}
	return nil
}

// chmod sets all of 07777; os.Chmod has other numbers for the upper three bits.
func chmod(at string, mode uint32) error {
	if err := syscall.Chmod(at, mode); err != nil {
		return &os.PathError{Op: "chmod", Path: at, Err: err}
	}
	return nil
}

// setMtime sets the time of modification, of a link itself too.
func setMtime(at string, t Time) error {
	const atSymlinkNofollow, utimeOmit = 0x100, (1 << 30) - 2
	atFdcwd := -100
	path, err := syscall.BytePtrFromString(at)
	if err != nil {
		return err
	}
	times := [2]syscall.Timespec{{Nsec: utimeOmit}, {Sec: t.Sec, Nsec: t.Nsec}}
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, uintptr(atFdcwd), uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(&times)), atSymlinkNofollow, 0, 0)
	if errno != 0 {
		return &os.PathError{Op: "utimensat", Path: at, Err: errno}
	}
	return nil
}

// setXattr sets an extended attribute, of a link itself too.
func setXattr(at string, x Xattr) error {
	path, err := syscall.BytePtrFromString(at)
	if err != nil {
		return err
	}
	name, err := syscall.BytePtrFromString(string(x.Name))
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_LSETXATTR, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(unsafe.SliceData(x.Value))), uintptr(len(x.Value)), 0, 0)
	runtime.KeepAlive(x.Value)
	if errno != 0 {
		return errno
	}
	return nil
}
