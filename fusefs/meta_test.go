package fusefs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

func TestAttributesAreTheOriginals(t *testing.T) {
	k := newKit(t)
	special := func(name string, typ tree.Type, mode uint32, rdev uint64) tree.Node {
		n := meta(name, typ, mode)
		n.Rdev = rdev
		return n
	}
	file := k.file("file", []byte("some bytes"))
	file.Mode, file.UID, file.GID = 0o4751, 12, 34
	file.CTime = tree.Time{Sec: -5, Nsec: 999999999}
	file.Inode = 7
	link := meta("link", tree.Symlink, 0o777)
	link.Target = "file"
	hard := k.file("hard 1", []byte("linked"))
	hard.Links, hard.Device, hard.Inode = 3, 55, 4711
	hard2, other := hard, hard
	hard2.Name, other.Name, other.Device = "hard 2", "other device", 56
	bare := k.file("links unknown", []byte("x"))
	bare.Links = 0
	v := one(k, k.top(file, link, hard, hard2, other, bare,
		special("fifo", tree.Fifo, 0o600, 0), special("socket", tree.Socket, 0o600, 0),
		special("null", tree.CharDevice, 0o666, unix.Mkdev(1, 3)), special("disk", tree.BlockDevice, 0o660, unix.Mkdev(259, 70000))))
	_, dir := up(t, v, k.options(nil))

	st := stat(t, in(dir, "file"))
	if st.Mode != syscall.S_IFREG|0o4751 || st.Uid != 12 || st.Gid != 34 || st.Size != 10 || st.Blocks != 1 || st.Nlink != 1 {
		t.Errorf("file: %+v", st)
	}
	if st.Mtim.Sec != 1700000000 || st.Mtim.Nsec != 123456789 || st.Ctim.Sec != -5 || st.Ctim.Nsec != 999999999 {
		t.Errorf("times: %+v %+v", st.Mtim, st.Ctim)
	}
	if st := stat(t, in(dir, "link")); st.Mode != syscall.S_IFLNK|0o777 || st.Size != 4 {
		t.Errorf("link: %+v", st)
	}
	if to, err := os.Readlink(in(dir, "link")); err != nil || to != "file" {
		t.Errorf("link to %q, %v", to, err)
	}
	a, b, c := stat(t, in(dir, "hard 1")), stat(t, in(dir, "hard 2")), stat(t, in(dir, "other device"))
	if a.Nlink != 3 || a.Ino != b.Ino || a.Ino == c.Ino {
		t.Errorf("links: %d, %d and %d of %d", a.Ino, b.Ino, c.Ino, a.Nlink)
	}
	if st := stat(t, in(dir, "links unknown")); st.Nlink != 1 {
		t.Errorf("%d links", st.Nlink)
	}
	for _, c := range []struct {
		name  string
		mode  uint32
		major uint32
		minor uint32
	}{{"fifo", syscall.S_IFIFO | 0o600, 0, 0}, {"socket", syscall.S_IFSOCK | 0o600, 0, 0},
		{"null", syscall.S_IFCHR | 0o666, 1, 3}, {"disk", syscall.S_IFBLK | 0o660, 259, 70000}} {
		st := stat(t, in(dir, c.name))
		if st.Mode != c.mode || unix.Major(st.Rdev) != c.major || unix.Minor(st.Rdev) != c.minor {
			t.Errorf("%s: mode %o, device %d:%d", c.name, st.Mode, unix.Major(st.Rdev), unix.Minor(st.Rdev))
		}
	}
	for _, f := range []string{".", "snapshots", "ids", "hosts/alpha", "snapshots/latest", "snapshots/" + oneTime} {
		if st := stat(t, filepath.Join(dir, f)); st.Nlink == 0 {
			t.Errorf("%s has no links", f)
		}
	}
}

func TestExtendedAttributes(t *testing.T) {
	k := newKit(t)
	n := k.file("with", []byte("x"))
	n.Xattrs = []tree.Xattr{{Name: "user.empty"}, {Name: "user.long", Value: bytes.Repeat([]byte("v"), 3000)}}
	d := k.dir("dir", n, k.file("without", nil))
	d.Xattrs = []tree.Xattr{{Name: "user.dir", Value: []byte("yes")}}
	_, dir := up(t, one(k, k.top(d)), k.options(nil))
	buf := make([]byte, 4096)
	if size, err := unix.Lgetxattr(in(dir, "dir", "with"), "user.long", buf); err != nil || string(buf[:size]) != strings.Repeat("v", 3000) {
		t.Errorf("%d bytes, %v", size, err)
	}
	if size, err := unix.Lgetxattr(in(dir, "dir", "with"), "user.long", nil); err != nil || size != 3000 {
		t.Errorf("asked for the size: %d, %v", size, err)
	}
	if _, err := unix.Lgetxattr(in(dir, "dir", "with"), "user.long", buf[:10]); !errors.Is(err, syscall.ERANGE) {
		t.Errorf("too little room: %v", err)
	}
	if size, err := unix.Lgetxattr(in(dir, "dir", "with"), "user.empty", buf); err != nil || size != 0 {
		t.Errorf("an empty one: %d, %v", size, err)
	}
	if _, err := unix.Lgetxattr(in(dir, "dir", "without"), "user.long", buf); !errors.Is(err, syscall.ENODATA) {
		t.Errorf("one that is not there: %v", err)
	}
	if size, err := unix.Llistxattr(in(dir, "dir", "with"), buf); err != nil || string(buf[:size]) != "user.empty\x00user.long\x00" {
		t.Errorf("list: %q, %v", buf[:max(size, 0)], err)
	}
	if size, err := unix.Lgetxattr(in(dir, "dir"), "user.dir", buf); err != nil || string(buf[:size]) != "yes" {
		t.Errorf("of a directory: %q, %v", buf[:max(size, 0)], err)
	}
	if size, err := unix.Llistxattr(filepath.Join(dir, "snapshots"), buf); err != nil || size != 0 {
		t.Errorf("of a folder: %q, %v", buf[:max(size, 0)], err)
	}
}

func TestHostileNames(t *testing.T) {
	k := newKit(t)
	hostile := []string{"new\nline", "\x1b[2Jclear", "not UTF-8 \xff\xfe", " ", "back\\slash", "-rf", "~", strings.Repeat("n", 255), "%2F", "\u202egnp.exe"}
	var nodes []tree.Node
	for _, name := range hostile {
		nodes = append(nodes, k.file(name, []byte(name)))
	}
	nodes = append(nodes, k.file(strings.Repeat("too long for the kernel", 100), []byte("x")))
	v := one(k, k.top(nodes...))
	hosts := []string{"", ".", "..", "a/b", "a\x00b", "100%", "ctrl\x01", "c1\u0085", strings.Repeat("h", 1000), "ünï", "latest"}
	for i, h := range hosts {
		v.list = append(v.list, snap(byte(i+2), day, h, v.list[0].Root, h))
	}
	_, dir := up(t, v, k.options(nil))
	slices.Sort(hostile)
	if got := names(t, in(dir)); !slices.Equal(got, hostile) {
		t.Errorf("%q, want %q", got, hostile)
	}
	for _, name := range hostile {
		if got, err := os.ReadFile(in(dir, name)); err != nil || string(got) != name {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for _, folder := range []string{"hosts", "tags"} {
		want := len(hosts)
		if folder == "hosts" {
			want++ // alpha
		}
		got := names(t, filepath.Join(dir, folder))
		if len(got) != want {
			t.Errorf("%s: %q", folder, got)
		}
		for _, name := range got {
			if len(name) > 255 || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
				t.Errorf("%s holds %q", folder, name)
			}
			if below := names(t, filepath.Join(dir, folder, name)); len(below) != 2 {
				t.Errorf("%s/%s: %q", folder, name, below)
			}
		}
	}
}

func TestSparseFiles(t *testing.T) {
	k := newKit(t)
	mib := chunkOf('d')
	n := meta("sparse", tree.File, 0o644)
	n.Content, n.Size = k.long(nil, nil, mib, nil, mib)
	v := one(k, k.top(k.dir("d", n, k.file("full", bytes.Repeat(mib, 3)))))
	_, dir := up(t, v, k.options(nil))
	path := in(dir, "d", "sparse")
	names(t, in(dir, "d")) // attributes that come with a listing must be right too
	if st := stat(t, path); st.Size != 5<<20 || st.Blocks != 2<<20/512 {
		t.Errorf("%d bytes, %d blocks", st.Size, st.Blocks)
	}
	if st := stat(t, in(dir, "d", "full")); st.Blocks != 3<<20/512 {
		t.Errorf("the full one: %d blocks", st.Blocks)
	}
	want := slices.Concat(make([]byte, 2<<20), mib, make([]byte, 1<<20), mib)
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct {
		from   int64
		whence int
		want   int64
	}{{0, unix.SEEK_DATA, 2 << 20}, {0, unix.SEEK_HOLE, 0}, {2 << 20, unix.SEEK_HOLE, 3 << 20}, {2<<20 + 5, unix.SEEK_DATA, 2<<20 + 5},
		{3 << 20, unix.SEEK_DATA, 4 << 20}, {4 << 20, unix.SEEK_HOLE, 5 << 20}, {5 << 20, unix.SEEK_DATA, -1}} {
		if got, err := f.Seek(c.from, c.whence); got != c.want && !(c.want == -1 && errors.Is(err, syscall.ENXIO)) {
			t.Errorf("from %d, whence %d: %d, %v; want %d", c.from, c.whence, got, err, c.want)
		}
	}
}

func chunkOf(c byte) []byte { return bytes.Repeat([]byte{c}, 1<<20) }

func TestInodesAreStable(t *testing.T) {
	k := newKit(t)
	// The source tells no inodes: numbers must differ all the same.
	v := one(k, k.top(k.dir("d", k.file("a", []byte("1")), k.file("b", []byte("2"))), k.dir("e", k.file("a", []byte("1")))))
	v.list = append(v.list, snap(2, day.AddDate(0, 0, 1), "beta", v.list[0].Root))
	walk := func() map[string]uint64 {
		s, dir := up(t, v, k.options(nil))
		inos := make(map[string]uint64)
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil {
				inos[path[len(dir):]] = stat(t, path).Ino
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Unmount(); err != nil {
			t.Fatal(err)
		}
		return inos
	}
	first := walk()
	v.set(slices.Concat(v.list[1:], v.list[:1])...)
	second := walk()
	seen := make(map[uint64]string)
	for path, ino := range first {
		if other, ok := seen[ino]; ok {
			t.Errorf("%q and %q have the same inode", path, other)
		}
		seen[ino] = path
		if second[path] != ino {
			t.Errorf("%q: inode %d, after mounting again %d", path, ino, second[path])
		}
	}
	if len(first) != len(second) || len(first) < 30 {
		t.Errorf("%d paths, then %d", len(first), len(second))
	}
}

// Programs that sort a large directory by inode number shall meet its entries
// in the order of the listing.
func TestInodesRise(t *testing.T) {
	k := newKit(t)
	var nodes []tree.Node
	for i := range 300 {
		nodes = append(nodes, k.file(fmt.Sprintf("f%04d", i), []byte{byte(i)}))
	}
	_, dir := up(t, one(k, k.top(k.dir("d", nodes...))), k.options(nil))
	last := uint64(0)
	for i := range nodes {
		ino := stat(t, filepath.Join(dir, "snapshots/latest/d", nodes[i].Name)).Ino
		if i > 0 && ino != last+1 {
			t.Fatalf("%s has inode %d after %d", nodes[i].Name, ino, last)
		}
		last = ino
	}
}
