package secondreader_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"

	"ivyvault/internal/secondreader"
)

// line describes one entry: what must come back of it.
type line struct {
	path     string
	kind     string
	mode     uint32
	uid, gid uint32
	mtime    [2]int64
	size     uint64
	content  string // first half of the BLAKE3 of a file's bytes
	target   string // of a symbolic link
	first    string // the first path, in this order, of the file that this is a link of
	node     uint64 // of a device
	xattrs   string // those of the users' name space
}

var kinds = map[byte]string{
	secondreader.File: "file", secondreader.Directory: "dir", secondreader.Symlink: "link", secondreader.Fifo: "fifo",
	secondreader.Character: "char", secondreader.Block: "block", secondreader.Socket: "socket",
}

// String is how a manifest writes a line; what says nothing is left out.
func (l line) String() string {
	s := fmt.Sprintf("%q %s %04o %d:%d %d.%09d", l.path, l.kind, l.mode, l.uid, l.gid, l.mtime[0], l.mtime[1])
	if l.kind == "file" {
		s += fmt.Sprintf(" %d %s", l.size, l.content)
	}
	for _, more := range [][2]string{{"to", l.target}, {"as", l.first}, {"attr", l.xattrs}} {
		if more[1] != "" {
			s += fmt.Sprintf(" %s %q", more[0], more[1])
		}
	}
	if l.node != 0 {
		s += fmt.Sprintf(" node %d", l.node)
	}
	return s
}

func text(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintln(&b, l)
	}
	return b.String()
}

func short(sum []byte) string { return fmt.Sprintf("%x", sum[:16]) }

// links finds the first path of each file with several.
type links map[[2]uint64]string

func (f links) first(device, inode uint64, path string) string {
	key := [2]uint64{device, inode}
	if first, ok := f[key]; ok {
		return first
	}
	f[key] = path
	return ""
}

// fromDisk describes a directory by asking the operating system.
func fromDisk(t testing.TB, root string) []line {
	t.Helper()
	var list []line
	seen := links{}
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		l := line{path: rel, mode: st.Mode & 0o7777, uid: st.Uid, gid: st.Gid, mtime: [2]int64{st.Mtim.Sec, st.Mtim.Nsec}}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			l.kind, l.size = "file", uint64(st.Size)
			p, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum := blake3.Sum256(p)
			l.content = short(sum[:])
		case unix.S_IFDIR:
			l.kind = "dir"
		case unix.S_IFLNK:
			l.kind = "link"
			if l.target, err = os.Readlink(path); err != nil {
				return err
			}
		case unix.S_IFIFO:
			l.kind = "fifo"
		case unix.S_IFCHR:
			l.kind, l.node = "char", st.Rdev
		case unix.S_IFSOCK:
			l.kind = "socket"
		}
		if st.Nlink > 1 && l.kind != "dir" {
			l.first = seen.first(st.Dev, st.Ino, rel)
		}
		if l.kind == "file" || l.kind == "dir" {
			l.xattrs, err = diskXattrs(path)
		}
		list = append(list, l)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func diskXattrs(path string) (string, error) {
	buf := make([]byte, 4096)
	n, err := unix.Llistxattr(path, buf)
	if errors.Is(err, unix.ENOTSUP) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var all []secondreader.Xattr
	for _, name := range bytes.Split(buf[:n], []byte{0}) {
		if !bytes.HasPrefix(name, []byte("user.")) {
			continue
		}
		value := make([]byte, 4096)
		n, err := unix.Lgetxattr(path, string(name), value)
		if err != nil {
			return "", err
		}
		all = append(all, secondreader.Xattr{Name: name, Value: value[:n]})
	}
	slices.SortFunc(all, func(a, b secondreader.Xattr) int { return bytes.Compare(a.Name, b.Name) })
	return joinXattrs(all), nil
}

func joinXattrs(all []secondreader.Xattr) string {
	var parts []string
	for _, x := range all {
		if bytes.HasPrefix(x.Name, []byte("user.")) {
			parts = append(parts, fmt.Sprintf("%s=%s", x.Name, x.Value))
		}
	}
	return strings.Join(parts, ", ")
}

// fromSnapshot describes a snapshot as the second reader sees it.
func fromSnapshot(v *secondreader.Vault, s secondreader.Snapshot) ([]line, error) {
	var list []line
	seen := links{}
	err := v.Walk(s, func(path string, e *secondreader.Entry) error {
		l := line{path: path, kind: kinds[e.Type], mode: e.Mode, uid: e.UID, gid: e.GID,
			mtime: [2]int64{e.Mtime.Sec, e.Mtime.Nsec}, size: e.Size, target: string(e.Target), node: e.Node, xattrs: joinXattrs(e.Xattrs)}
		if e.Links > 1 {
			l.first = seen.first(e.Device, e.Inode, path)
		}
		if e.Type == secondreader.File {
			h := blake3.New()
			if err := v.Content(e, h); err != nil {
				return fmt.Errorf("%q: %w", path, err)
			}
			l.content = short(h.Sum(nil))
		}
		list = append(list, l)
		return nil
	}, nil)
	return list, err
}

// same compares two descriptions and shows the first differences.
func same(t testing.TB, got, want string) {
	t.Helper()
	g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	shown := 0
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("line %d\n got  %swant %s", i+1, a, b)
			if shown++; shown == 5 {
				return
			}
		}
	}
}
