package diff_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/diff"
	"ivyvault/repo/dump"
	"ivyvault/repo/find"
	"ivyvault/repo/ls"
	"ivyvault/repo/seal"
	"ivyvault/repo/stats"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tag"
	"ivyvault/sources/dir"
)

var ctx = context.Background()

// vault makes a repository with two snapshots of a directory that was changed
// between them, and returns them with the directory.
func vault(t *testing.T) (*repo.Repo, [2]repo.Snapshot, string) {
	t.Helper()
	r, err := repo.Init(ctx, mem.New(), repo.InitOptions{
		Password: []byte("x"), Argon: seal.Argon{Passes: 1, MemoryKiB: 64, Lanes: 1}, Config: repo.Config{PackSize: repo.MinPackSize},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	root := t.TempDir()
	write := func(name, text string) {
		p := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	big := strings.Repeat("0123456789", 40_000)
	write("a/same", "same")
	write("a/goes", "goes")
	write("a/turns", "a file")
	write("b/changes", "before")
	write("b/big", big)
	if err := os.Link(filepath.Join(root, "b/big"), filepath.Join(root, "b/link")); err != nil {
		t.Fatal(err)
	}
	var snaps [2]repo.Snapshot
	take := func() repo.Snapshot {
		src, err := dir.New([]string{root}, dir.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := backup.Run(ctx, r, backup.Options{Source: src, Paths: []string{root}, Host: "h"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		list, err := r.Snapshots(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s, err := repo.FindSnapshot(list, rep.Snapshot.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	time.Sleep(30 * time.Millisecond) // what changed a moment ago is read again
	snaps[0] = take()
	write("b/changes", "after it")
	write("c/new", "new")
	err = errors.Join(os.Remove(filepath.Join(root, "a/goes")), os.Remove(filepath.Join(root, "a/turns")),
		os.Symlink("same", filepath.Join(root, "a/turns")), os.Chmod(filepath.Join(root, "a/same"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	snaps[1] = take()
	return r, snaps, root
}

func TestDiff(t *testing.T) {
	r, s, root := vault(t)
	var got []string
	rep, err := diff.Run(ctx, r, diff.Side{Snapshot: s[0], Path: root}, diff.Side{Snapshot: s[1], Path: root}, func(c diff.Change) error {
		if c.Kind != diff.Metadata || !strings.HasSuffix(c.Path(), "a") && !strings.HasSuffix(c.Path(), "b") {
			got = append(got, c.Kind+c.Path())
		}
		return nil
	})
	want := []string{"-/a/goes", "U/a/same", "T/a/turns", "M/b/changes", "+/c", "+/c/new"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
	if rep.Added.Files != 1 || rep.Added.Dirs != 1 || rep.Added.Others != 1 || rep.Removed.Files != 2 || rep.Modified.Files != 1 || rep.Modified.Bytes != 8 {
		t.Errorf("counted %+v", rep)
	}
}

func TestFindAndLsAgree(t *testing.T) {
	r, s, root := vault(t)
	var listed, found []string
	err := ls.Run(ctx, r, s[1], ls.Options{Recursive: true}, func(e ls.Entry) error {
		listed = append(listed, e.Raw)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := find.Run(ctx, r, s[1:], find.Query{Patterns: []string{"*"}}, func(_ repo.Snapshot, m find.Match) error {
		found = append(found, m.Raw)
		return nil
	})
	if err != nil || !slices.Equal(listed, found) || rep.Matches != len(found) || len(found) < 10 {
		t.Errorf("listed %q, found %q (%v)", listed, found, err)
	}
	// What is in both is found in both, whether by name or by path.
	for _, q := range []find.Query{
		{Patterns: []string{"SAME"}, IgnoreCase: true}, {Patterns: []string{"a/same"}}, {Patterns: []string{root + "/a/same"}},
		{Patterns: []string{"same"}, Types: []string{"file"}}, {Patterns: []string{"s*"}, Newest: time.Now()},
	} {
		rep, err := find.Run(ctx, r, s[:], q, func(repo.Snapshot, find.Match) error { return nil })
		if err != nil || rep.Matches != 2 || rep.Snapshots != 2 {
			t.Errorf("%+v: %+v (%v)", q, rep, err)
		}
	}
	for _, q := range []find.Query{
		{Patterns: []string{"same"}, Types: []string{"dir"}}, {Patterns: []string{"same"}, Larger: 5}, {Patterns: []string{"same"}, Oldest: time.Now()}, {Patterns: []string{"SAME"}},
	} {
		rep, err := find.Run(ctx, r, s[:], q, func(repo.Snapshot, find.Match) error { return nil })
		if err != nil || rep.Matches != 0 {
			t.Errorf("%+v: %+v (%v)", q, rep, err)
		}
	}
	if err := ls.Run(ctx, r, s[1], ls.Options{Path: root + "/none"}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a path that isn't there: %v", err)
	}
}

func TestDump(t *testing.T) {
	r, s, root := vault(t)
	var one bytes.Buffer
	if rep, err := dump.Run(ctx, r, s[0], dump.Options{Path: root + "/b/big"}, &one); err != nil || one.Len() != 400_000 || rep.Bytes != 400_000 {
		t.Errorf("%d bytes, %+v (%v)", one.Len(), rep, err)
	}
	var archive bytes.Buffer
	if _, err := dump.Run(ctx, r, s[0], dump.Options{Path: root}, &archive); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for tr := tar.NewReader(&archive); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		got[strings.TrimPrefix("/"+h.Name, root+"/")] = string(p)
		if strings.HasSuffix(h.Name, "b/link") && (h.Typeflag != tar.TypeLink || !strings.HasSuffix(h.Linkname, "b/big")) {
			t.Errorf("the second name is no link: %+v", h)
		}
	}
	if got["a/same"] != "same" || got["b/changes"] != "before" || got["b/big"] != one.String() || len(got) != 8 {
		t.Errorf("the archive has %d entries: %q", len(got), got["a/same"])
	}
	archive.Reset()
	if _, err := dump.Run(ctx, r, s[1], dump.Options{Path: root, Archive: "zip"}, &archive); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		t.Fatal(err)
	}
	p, err := fs.ReadFile(z, strings.TrimPrefix(root, "/")+"/c/new")
	if err != nil || string(p) != "new" {
		t.Errorf("zip: %q (%v)", p, err)
	}
	if _, err := dump.Run(ctx, r, s[1], dump.Options{Path: root, Archive: "rar"}, io.Discard); err == nil {
		t.Error("rar was accepted")
	}
}

func TestStatsAndTag(t *testing.T) {
	r, s, _ := vault(t)
	rep, err := stats.Run(ctx, r, s[:])
	if err != nil {
		t.Fatal(err)
	}
	if rep.Files != 6+5 || rep.Missing != 0 || rep.Bytes < 1_600_000 || rep.Unique > rep.Bytes || rep.Stored > rep.Unique || rep.Snapshots[1].Unique > 100_000 {
		t.Errorf("measured %+v", rep)
	}
	protect, text := true, "text"
	done, err := tag.Run(ctx, r, s[:1], tag.Edit{Add: []string{"x", "y", "x"}, Remove: []string{"y"}, Description: &text, Protected: &protect})
	if err != nil || len(done.Changed) != 1 {
		t.Fatalf("%+v (%v)", done, err)
	}
	list, err := r.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	now, err := repo.FindSnapshot(list, s[0].ID.String(), nil)
	if err != nil || !slices.Equal(now.Tags, []string{"x"}) || now.Description != "text" || !now.Protected || now.Root != s[0].Root || len(list) != 2 {
		t.Errorf("the snapshot is %+v (%v)", now, err)
	}
	if again, err := tag.Run(ctx, r, []repo.Snapshot{now}, tag.Edit{Add: []string{"x"}}); err != nil || len(again.Changed) != 0 || len(again.Same) != 1 {
		t.Errorf("%+v (%v)", again, err)
	}
}
