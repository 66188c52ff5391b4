package dir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/dir"
	"ivyvault/sources/sourcetest"

	"golang.org/x/sys/unix"
)

// write makes a file with all directories above it.
func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
}

// zoo makes one of everything that needs no privilege.
func zoo(t *testing.T) string {
	top := t.TempDir()
	write(t, top+"/a/one", "first")
	write(t, top+"/a/two", strings.Repeat("second", 50000))
	write(t, top+"/a/deep/er/three", "third")
	write(t, top+"/a-b", "stands after a/, before a.b")
	write(t, top+"/a.b", "x")
	write(t, top+"/\xff\xfe no utf-8", "x")
	write(t, top+"/line\nbreak\x1b[2J", "x")
	write(t, top+"/empty", "")
	for _, err := range []error{
		os.Mkdir(top+"/hollow", 0o700),
		os.Symlink("nowhere/at all", top+"/dangling"),
		os.Symlink("a", top+"/to a"),
		os.Link(top+"/a/one", top+"/linked"),
		unix.Mkfifo(top+"/fifo", 0o600),
		os.Chmod(top+"/a/one", 0o4751|os.ModeSetuid),
		os.Truncate(top+"/empty", 3<<20),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	t.Chdir(top) // a socket's name has little room
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "socket"}); err != nil {
		t.Fatal(err)
	}
	return top
}

func source(t testing.TB, opt dir.Options, paths ...string) *dir.Source {
	t.Helper()
	s, err := dir.New(paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	top := zoo(t)
	sourcetest.Run(t, func(t *testing.T) sources.Source { return source(t, dir.Options{}, top) })
}

func TestConformanceOfSeveralRoots(t *testing.T) {
	top := zoo(t)
	sourcetest.Run(t, func(t *testing.T) sources.Source {
		return source(t, dir.Options{}, top+"/to a", top+"/a", top+"/linked", top+"/a/deep", top+"/missing")
	})
}

// below returns the captured paths under top, with errors in words.
func below(t *testing.T, s *dir.Source, top string) (paths, troubles []string) {
	t.Helper()
	for _, l := range sourcetest.Collect(t, s, false) {
		rel, ok := strings.CutPrefix(l.Entry.Path, top[1:]+"/")
		switch {
		case l.Err != nil:
			kind := "finding"
			if sources.IsNotice(l.Err) {
				kind = "notice"
			}
			troubles = append(troubles, fmt.Sprintf("%s %s", kind, strings.ReplaceAll(l.Err.Error(), top[1:]+"/", "")))
		case ok:
			paths = append(paths, rel)
		}
	}
	return paths, troubles
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func TestAttributes(t *testing.T) {
	top := zoo(t)
	byName := map[string]sources.Entry{}
	for _, l := range sourcetest.Collect(t, source(t, dir.Options{}, top), false) {
		if l.Err != nil {
			t.Fatal(l)
		}
		if name, ok := strings.CutPrefix(l.Entry.Path, top[1:]+"/"); ok {
			byName[name] = l.Entry
		}
	}
	types := map[string]sources.Type{
		"a": sources.Dir, "a/one": sources.File, "dangling": sources.Symlink, "fifo": sources.Fifo,
		"socket": sources.Socket, "to a": sources.Symlink, "\xff\xfe no utf-8": sources.File,
	}
	for name, want := range types {
		if got := byName[name].Attr.Type; got != want {
			t.Errorf("%s is a %v, want %v", name, got, want)
		}
	}
	for name, e := range byName {
		fi, err := os.Lstat(filepath.Join(top, name))
		if err != nil {
			t.Fatal(err)
		}
		st := fi.Sys().(*syscall.Stat_t)
		a := e.Attr
		if a.Inode != st.Ino || a.Links != uint64(st.Nlink) || a.UID != st.Uid || a.Device != uint64(st.Dev) ||
			a.MTime != (sources.Time{Sec: st.Mtim.Sec, Nsec: uint32(st.Mtim.Nsec)}) ||
			a.CTime != (sources.Time{Sec: st.Ctim.Sec, Nsec: uint32(st.Ctim.Nsec)}) || a.Mode != st.Mode&0o7777 {
			t.Errorf("%s: %+v, lstat says %+v", name, a, st)
		}
		if info := e.Info(); info.Mode() != fi.Mode() || info.Name() != fi.Name() || !info.ModTime().Equal(fi.ModTime()) || info.IsDir() != fi.IsDir() {
			t.Errorf("%s: Info says %v %v", name, info.Mode(), info.Name())
		}
		if a.Type == sources.File && a.Size != uint64(fi.Size()) {
			t.Errorf("%s: size %d", name, a.Size)
		}
	}
	if got := byName["dangling"].Target; got != "nowhere/at all" {
		t.Errorf("target %q", got)
	}
}
