package folder

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/dir"
	"ivyvault/sources/sourcetest"
)

// tree makes a directory with some files and returns its path.
func tree(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "home")
	for _, name := range []string{"a/x", "a-b", "logs/today", "a/logs/kept", "b/deep/er"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func paths(t *testing.T, s sources.Source) string {
	t.Helper()
	var out []string
	for _, l := range sourcetest.Collect(t, s, true) {
		if l.Err != nil {
			t.Error(l.Err)
		}
		out = append(out, l.Entry.Path)
	}
	return strings.Join(out, " ")
}

func open(t *testing.T, path string, opt dir.Options) *Source {
	t.Helper()
	s, err := New(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	root := tree(t)
	sourcetest.Run(t, func(t *testing.T) sources.Source { return open(t, root, dir.Options{}) })
}

func TestPathsBeginAtTheDirectory(t *testing.T) {
	root := tree(t)
	link := filepath.Join(filepath.Dir(root), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{root, link} {
		if got, want := paths(t, open(t, path, dir.Options{Exclude: []string{"/logs", "!/logs/x"}})), "a a/logs a/logs/kept a/x a-b b b/deep b/deep/er"; got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestOneFile(t *testing.T) {
	if got := paths(t, open(t, filepath.Join(tree(t), "a/x"), dir.Options{})); got != "x" {
		t.Errorf("got %s", got)
	}
}

func TestRootAttributes(t *testing.T) {
	root := tree(t)
	if err := os.Chmod(root, 0o770|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	c, err := open(t, root, dir.Options{}).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for range c.Entries(t.Context()) {
	}
	if a, _, ok := c.(sources.Rooted).Root(); !ok || a.Mode != 0o1770 {
		t.Errorf("mode %o, %v", a.Mode, ok)
	}
}

// A finding names the path as the entries do.
func TestFindingsAreLocal(t *testing.T) {
	root := tree(t)
	s := open(t, root, dir.Options{Skip: []dir.Skip{{Path: filepath.Join(root, "b/deep"), Reason: "it is the repository"}}})
	for _, l := range sourcetest.Collect(t, s, false) {
		if n, ok := l.Err.(*sources.Notice); ok && n.Path == "b/deep" {
			return
		}
	}
	t.Error("no notice about b/deep")
}

// What is captured is never left out in silence, so that a part without it would
// look whole.
func TestItselfIsNotLeftOut(t *testing.T) {
	root := tree(t)
	for _, c := range []struct{ captured, skipped string }{
		{root, root}, {root + "/a", root}, {root + "/a/x", root + "/a"}, {root + "/a/x", root + "/a/x"}, {root, root + "/a"},
	} {
		s := open(t, c.captured, dir.Options{Skip: []dir.Skip{{Path: c.skipped, Reason: "it is the repository"}}})
		var notice *sources.Notice
		failed := false
		for _, l := range sourcetest.Collect(t, s, false) {
			if l.Err == nil || errors.As(l.Err, &notice) {
				continue
			}
			if failed = true; !strings.Contains(l.Err.Error(), "nothing of "+c.captured+" can be captured: left out: it is the repository") {
				t.Errorf("it says: %v", l.Err)
			}
		}
		if failed == (c.skipped == root+"/a" && c.captured == root) {
			t.Errorf("%s without %s: failed %v", c.captured, c.skipped, failed)
		}
	}
}

func TestNothingThere(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "none"), dir.Options{}); err == nil {
		t.Error("no error")
	}
}
