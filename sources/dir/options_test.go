package dir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources/dir"

	"golang.org/x/sys/unix"
)

func TestExcludes(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/a/x.o", "")
	write(t, top+"/a/x.c", "")
	write(t, top+"/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# cache\n")
	write(t, top+"/cache/big/thing", "")
	write(t, top+"/false/CACHEDIR.TAG", "not a signature")
	write(t, top+"/false/thing", "")
	write(t, top+"/nobackup/.nobackup", "")
	write(t, top+"/nobackup/thing", "")
	write(t, top+"/large", strings.Repeat("x", 1001))
	write(t, top+"/fits", strings.Repeat("x", 1000))
	s := source(t, dir.Options{
		Exclude: []string{"*.o"}, ExcludeCaches: true, IfPresent: []string{".nobackup"}, LargerThan: 1000,
	}, top)
	paths, troubles := below(t, s, top)
	same(t, "paths", paths, "a", "a/x.c", "cache", "cache/CACHEDIR.TAG", "false", "false/CACHEDIR.TAG", "false/thing",
		"fits", "nobackup", "nobackup/.nobackup")
	same(t, "troubles", troubles)
	for _, spec := range []string{"", "a/b", ":x"} {
		if _, err := dir.New([]string{top}, dir.Options{IfPresent: []string{spec}}); err == nil {
			t.Errorf("the tag %q is accepted", spec)
		}
	}
}

func TestSkips(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/data/x", "")
	write(t, top+"/vault/config", "")
	write(t, top+"/mnt/x", "")
	if err := os.Symlink("vault", top+"/alias"); err != nil {
		t.Fatal(err)
	}
	s := source(t, dir.Options{Skip: []dir.Skip{
		{Path: top + "/alias", Reason: "it is the repository"}, {Path: top + "/mnt/", Reason: "it is a mount"}, {Path: top + "/none", Reason: "never"},
	}}, top)
	paths, troubles := below(t, s, top)
	same(t, "paths", paths, "data", "data/x")
	same(t, "troubles", troubles, "notice alias: left out: it is the repository", "notice mnt: left out: it is a mount", "notice vault: left out: it is the repository")
}

func TestOneFileSystem(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/a/x", "")
	if err := os.Mkdir(top+"/other", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", top+"/other", "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting takes a privilege that this test doesn't have: %v", err)
	}
	defer unix.Unmount(top+"/other", unix.MNT_DETACH)
	write(t, top+"/other/y", "")
	paths, troubles := below(t, source(t, dir.Options{OneFileSystem: true}, top), top)
	same(t, "paths", paths, "a", "a/x", "other")
	same(t, "troubles", troubles, "notice other: captured without its contents: they lie on another file system")
	paths, _ = below(t, source(t, dir.Options{}, top), top)
	same(t, "all paths", paths, "a", "a/x", "other", "other/y")
	paths, _ = below(t, source(t, dir.Options{OneFileSystem: true}, top+"/a", top+"/other"), top)
	same(t, "a root of its own", paths, "a", "a/x", "other", "other/y")
}

func TestRoots(t *testing.T) {
	top := t.TempDir()
	write(t, top+"/b/one/x", "")
	write(t, top+"/b/two/x", "")
	write(t, top+"/a/file", "")
	write(t, top+"/b-c/z", "")
	if err := os.Symlink("b", top+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, roots, want string }{
		{"merged", "b/two a/file b-c", "a a/file b b/two b/two/x b-c b-c/z"},
		{"folded", "b/two b b/one/x", "b b/one b/one/x b/two b/two/x"},
		{"a link is kept", "link", "link"},
		{"a link above is followed", "link/one", "link link/one link/one/x"},
		{"a file", "a/file", "a a/file"},
		{"twice", "a a/../a/ a", "a a/file"},
	} {
		var roots []string
		for _, r := range strings.Fields(c.roots) {
			roots = append(roots, top+"/"+r)
		}
		paths, troubles := below(t, source(t, dir.Options{}, roots...), top)
		same(t, c.name, paths, strings.Fields(c.want)...)
		same(t, c.name, troubles)
	}
	paths, troubles := below(t, source(t, dir.Options{}, top+"/none", top+"/a"), top)
	same(t, "one is missing", paths, "a", "a/file")
	same(t, "one is missing", troubles, "finding none: cannot capture it: no such file or directory")
	if _, err := source(t, dir.Options{}, top+"/none").Capture(t.Context()); err == nil {
		t.Error("all are missing: no error")
	}
	if _, err := dir.New(nil, dir.Options{}); err == nil {
		t.Error("no root: no error")
	}
	t.Chdir(top)
	if got := source(t, dir.Options{}, "a").Paths(); len(got) != 1 || got[0] != filepath.Join(top, "a") {
		t.Errorf("a relative root is %q", got)
	}
}
