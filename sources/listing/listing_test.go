package listing

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/sourcetest"
)

// list is a source of a fixed list.
type list []File

func (l list) Capture(ctx context.Context) (sources.Capture, error) { return l, ctx.Err() }
func (l list) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return Entries(ctx, l)
}
func (l list) Close(context.Context) error { return nil }

func files(paths ...string) list {
	var l list
	for _, p := range paths {
		l = append(l, Bytes(p, []byte("content of "+p), time.Unix(1e9, 0)))
	}
	return l
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(*testing.T) sources.Source { return files("b", "a/z/1", "a-b", "a/y", "c/d/e/f", "c/d/g", "cc/d") })
}

func TestDirectoriesComeFirst(t *testing.T) {
	var got []string
	for _, l := range sourcetest.Collect(t, files("b", "a/z/1", "a-b", "a/y", "c/d/e/f", "c/d/g", "cc/d"), true) {
		got = append(got, l.Entry.Path)
	}
	if want := "a a/y a/z a/z/1 a-b b c c/d c/d/e c/d/e/f c/d/g cc cc/d"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRefuses(t *testing.T) {
	for name, l := range map[string]list{
		"twice":              files("a", "b", "a"),
		"file and directory": files("a", "a/b"),
		"upward":             files("../a"),
		"absolute":           files("/a"),
		"empty":              files(""),
		"root":               files("."),
		"a zero byte":        files("a\x00b"),
	} {
		var last error
		for _, err := range Entries(t.Context(), l) {
			last = err
		}
		if last == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "sub/b"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Folder(root)
	if err != nil || len(got) != 2 || got[1].Path != "sub/b" || got[1].Size != 5 || got[0].Mode != 0o640 {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.Symlink("a", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Folder(root); err == nil {
		t.Error("a link is taken for a file")
	}
}
