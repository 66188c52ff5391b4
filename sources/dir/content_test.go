package dir_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/dir"

	"golang.org/x/sys/unix"
)

// captured opens a capture of top and returns its entries below, by name.
func captured(t *testing.T, top string) (map[string]sources.Entry, sources.Capture) {
	t.Helper()
	c, err := source(t, dir.Options{}, top).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(t.Context()) })
	m := map[string]sources.Entry{}
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Errorf("%q: %v", e.Path, err)
		}
		if name, ok := strings.CutPrefix(e.Path, top[1:]+"/"); ok {
			m[name] = e
		}
	}
	return m, c
}

func open(t *testing.T, e sources.Entry) io.ReadCloser {
	t.Helper()
	r, err := e.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestHoles(t *testing.T) {
	top := t.TempDir()
	const mib = 1 << 20
	f, err := os.Create(top + "/sparse")
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 9*mib)
	for _, at := range []int{2 * mib, 5 * mib} {
		copy(want[at:], bytes.Repeat([]byte("data"), mib/4))
		if _, err := f.WriteAt(want[at:at+mib], int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Truncate(9*mib), f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	entries, _ := captured(t, top)
	r := open(t, entries["sparse"])
	var runs []string
	for off := int64(0); ; {
		data, end, err := r.(sources.Extents).NextData(off)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, fmt.Sprintf("%d-%d", data/mib, end/mib))
		if off = end; off >= int64(len(want)) {
			break
		}
	}
	if s := strings.Join(runs, " "); s != "2-3 5-6" && s != "0-9" {
		t.Errorf("data at %s", s)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	p := make([]byte, 10)
	if n, err := r.(io.ReaderAt).ReadAt(p, 2*mib); n != 10 || err != nil || string(p) != "datadatada" {
		t.Errorf("ReadAt: %q, %v", p[:n], err)
	}
	if n, err := r.(io.ReaderAt).ReadAt(p, 9*mib-4); n != 4 || err != io.EOF {
		t.Errorf("ReadAt at the end: %d, %v", n, err)
	}
}

func TestChanged(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/steady", "x")
	write(t, top+"/grows", "x")
	write(t, top+"/replaced", "x")
	entries, _ := captured(t, top)
	for name, change := range map[string]func() error{
		"steady": func() error { return nil },
		"grows": func() error {
			return os.WriteFile(top+"/grows", []byte("xy"), 0o600)
		},
		"replaced": func() error {
			return errors.Join(os.WriteFile(top+"/new", []byte("y"), 0o600), os.Rename(top+"/new", top+"/replaced"))
		},
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		changed, err := open(t, entries[name]).(sources.Checker).Changed()
		if err != nil || changed != (name != "steady") {
			t.Errorf("%s: changed %v, %v", name, changed, err)
		}
	}
}

func TestVanished(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/d/gone", "x")
	write(t, top+"/d/link", "x")
	write(t, top+"/moved/x", "x")
	entries, c := captured(t, top)
	if err := errors.Join(os.Remove(top+"/d/gone"), os.Remove(top+"/d/link"), os.Symlink("/etc/passwd", top+"/d/link")); err != nil {
		t.Fatal(err)
	}
	if _, err := entries["d/gone"].Item.Open(t.Context()); !sources.IsNotice(err) {
		t.Errorf("opening a file that is gone: %v", err)
	}
	if r, err := entries["d/link"].Item.Open(t.Context()); err == nil {
		r.Close()
		t.Error("a link that took a file's place is followed")
	}
	// Another directory in the place of the one that was walked.
	c.Close(t.Context()) // now the descriptor of the first is closed
	if err := errors.Join(os.Rename(top+"/moved", top+"/away"), os.Mkdir(top+"/moved", 0o700)); err != nil {
		t.Fatal(err)
	}
	write(t, top+"/moved/x", "other")
	if _, err := entries["moved/x"].Item.Open(t.Context()); !sources.IsNotice(err) {
		t.Errorf("opening below a directory that was replaced: %v", err)
	}
}

func TestVanishesWhileWalked(t *testing.T) {
	top := t.TempDir()
	for i := range 3 * 256 {
		write(t, fmt.Sprintf("%s/f%04d", top, i), "")
	}
	write(t, top+"/z/x", "")
	c, err := source(t, dir.Options{}, top).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	notices := 0
	for e, err := range c.Entries(t.Context()) {
		if strings.HasSuffix(e.Path, "/f0000") {
			if err := errors.Join(os.Remove(top+"/f0700"), os.RemoveAll(top+"/z")); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			notices++
			if !sources.IsNotice(err) {
				t.Errorf("%q: %v", e.Path, err)
			}
		}
	}
	if notices != 2 {
		t.Errorf("%d notices for two things that vanished", notices)
	}
}

func TestXattrs(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/d/x", "")
	write(t, top+"/plain", "")
	big := bytes.Repeat([]byte("v"), 2000)
	for name, value := range map[string][]byte{"user.b": []byte("1"), "user.a": big, "user.empty": {}} {
		for _, p := range []string{"/d", "/d/x"} {
			if err := unix.Setxattr(top+p, name, value, 0); err != nil {
				t.Skipf("the file system here keeps no extended attributes: %v", err)
			}
		}
	}
	if err := os.Symlink("d/x", top+"/link"); err != nil {
		t.Fatal(err)
	}
	entries, _ := captured(t, top)
	check := func(name string, got []sources.Xattr, err error) {
		if err != nil || len(got) != 3 || got[0].Name != "user.a" || !bytes.Equal(got[0].Value, big) ||
			got[1].Name != "user.b" || string(got[1].Value) != "1" || got[2].Name != "user.empty" || got[2].Value == nil {
			t.Errorf("%s: %d attributes, %v", name, len(got), err)
		}
	}
	for _, name := range []string{"d", "d/x"} {
		got, err := entries[name].Item.Xattrs()
		check(name, got, err)
	}
	got, err := open(t, entries["d/x"]).(sources.Attributed).Xattrs()
	check("d/x when open", got, err)
	for _, name := range []string{"plain", "link"} {
		if got, err := entries[name].Item.Xattrs(); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestDeep walks a tree that is deeper than the folders held open, and whose
// paths are longer than the kernel takes.
func TestDeep(t *testing.T) {
	top := t.TempDir()
	const depth = 700
	name := strings.Repeat("n", 20)
	fd, err := unix.Open(top, unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range depth {
		for _, file := range []string{"a", "z"} {
			f, err := unix.Openat(fd, file, unix.O_CREAT|unix.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := unix.Write(f, []byte("deep")); err != nil {
				t.Fatal(err)
			}
			unix.Close(f)
		}
		if err := unix.Mkdirat(fd, name, 0o700); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(fd, name, unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
		fd = next
	}
	unix.Close(fd)
	before := descriptors(t)
	c, err := source(t, dir.Options{}, top).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, dirs, most := 0, 0, 0
	var deepest sources.Entry
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Attr.Type == sources.File {
			files++
			if len(e.Path) > len(deepest.Path) {
				deepest = e
			}
		} else {
			dirs++
		}
		if files%100 == 0 {
			most = max(most, descriptors(t)-before)
		}
	}
	if files != 2*depth || dirs < depth {
		t.Errorf("%d files and %d directories", files, dirs)
	}
	if most > 400 {
		t.Errorf("%d descriptors were open", most)
	}
	if p, err := io.ReadAll(open(t, deepest)); err != nil || string(p) != "deep" {
		t.Errorf("the deepest file, a path of %d bytes: %q, %v", len(deepest.Path), p, err)
	}
	if x, err := deepest.Xattrs(); err != nil || len(x) != 0 {
		t.Errorf("its attributes: %v, %v", x, err)
	}
	c.Close(t.Context())
	if left := descriptors(t) - before; left > 1 { // the deepest file, until the end
		t.Errorf("%d descriptors are left open", left)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(d)
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	top := t.TempDir()
	write(t, top+"/locked/x", "")
	write(t, top+"/secret", "")
	if err := errors.Join(os.Chmod(top+"/locked", 0), os.Chmod(top+"/secret", 0)); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(top+"/locked", 0o700)
	paths, troubles := below(t, source(t, dir.Options{}, top), top)
	same(t, "paths", paths, "locked", "secret")
	same(t, "troubles", troubles, "finding locked: cannot open the directory: permission denied")
}
