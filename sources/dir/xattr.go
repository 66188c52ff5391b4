package dir

import (
	"sort"
	"strconv"
	"strings"

	"ivyvault/sources"

	"golang.org/x/sys/unix"
)

// Xattrs reads the attributes of what the item names, a link itself and not
// what it points to. There is no call that takes a directory's descriptor and
// a name on older kernels, so the descriptor's name in /proc serves.
func (it *item) Xattrs() ([]sources.Xattr, error) {
	at, err := it.dir.acquire()
	if err != nil {
		return nil, trouble(it.path, "read its attributes", err)
	}
	defer it.dir.release()
	name := "/proc/self/fd/" + strconv.Itoa(at) + "/" + it.name
	if n, err := unix.Llistxattr(name, nil); n == 0 && err == nil {
		return nil, nil
	}
	return xattrs(it.path,
		func(b []byte) (int, error) { return unix.Llistxattr(name, b) },
		func(key string, b []byte) (int, error) { return unix.Lgetxattr(name, key, b) })
}

// Xattrs reads the attributes of the open file.
func (f *file) Xattrs() ([]sources.Xattr, error) {
	// Most files have none: then no buffer is needed.
	if n, err := unix.Flistxattr(f.fd, nil); n == 0 && err == nil {
		return nil, nil
	}
	return xattrs(f.it.path,
		func(b []byte) (int, error) { return unix.Flistxattr(f.fd, b) },
		func(key string, b []byte) (int, error) { return unix.Fgetxattr(f.fd, key, b) })
}

func xattrs(path string, list func([]byte) (int, error), get func(string, []byte) (int, error)) ([]sources.Xattr, error) {
	var few [512]byte
	names, err := grown(few[:], list)
	if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
		return nil, nil
	}
	if err != nil {
		return nil, trouble(path, "list its extended attributes", err)
	}
	if len(names) == 0 {
		return nil, nil
	}
	var out []sources.Xattr
	for _, name := range strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		value, err := grown(few[:], func(b []byte) (int, error) { return get(name, b) })
		switch err {
		case nil:
			out = append(out, sources.Xattr{Name: name, Value: append([]byte{}, value...)})
		case unix.ENODATA: // removed meanwhile
		default:
			return out, trouble(path, "read its extended attribute "+strconv.Quote(name), err)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// grown calls with buf, and with larger ones while that is too small.
func grown(buf []byte, call func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := call(buf)
		switch err {
		case nil:
			return buf[:n], nil
		case unix.EINTR:
		case unix.ERANGE:
			if len(buf) >= 1<<20 { // the kernel allows 64 KiB
				return nil, err
			}
			buf = make([]byte, 4*len(buf))
		default:
			return nil, err
		}
	}
}
