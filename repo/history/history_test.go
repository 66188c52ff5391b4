package history_test

import (
	"context"
	"errors"
	"os"
	"testing"

	table "ivyvault/index/versions"
	"ivyvault/index/versions/child"
	"ivyvault/repo"
	"ivyvault/repo/history"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
)

// TestMain makes the test binary its own child.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == child.Verb {
		os.Exit(child.Main(context.Background(), os.Args[2], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestHistory(t *testing.T) {
	st := mem.New()
	r := initRepo(t, st, t.TempDir())
	f := &forest{dirs: 5, files: 20}
	for range 20 {
		f.night(t, r, f.nights%5)
	}
	tab, err := history.Open(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	check := func(missing, want int) {
		t.Helper()
		v, err := tab.Of(t.Context(), "folder 000001/document-00000006.json")
		if err != nil || len(v) != want || tab.Missing() != missing {
			t.Errorf("%d versions, %v; %d snapshots missing", len(v), err, tab.Missing())
		}
	}
	check(20, 2)
	if !tab.ShouldFold() {
		t.Error("a table is worth it")
	}
	rep, err := history.Fold(t.Context(), r, nil)
	if err != nil || rep.Added != 20 || rep.Paths != 105 {
		t.Fatalf("%+v, %v", rep, err)
	}
	check(20, 2)
	tab.Reload()
	check(0, 2)
	if tab.ShouldFold() {
		t.Error("there is nothing to fold")
	}
	f.nights = 26
	f.night(t, r, 1)
	folds := 0
	fold := func(ctx context.Context, dir string, live []table.Chain, feed table.Feed) (table.Report, error) {
		folds++
		return child.Run(ctx, os.Args[0], dir, live, feed)
	}
	update := func() {
		t.Helper()
		if err := history.Update(t.Context(), r, tab, fold); err != nil {
			t.Fatal(err)
		}
	}
	update()
	check(1, 3)
	for range 16 {
		f.night(t, r)
	}
	if err := history.Update(t.Context(), r, tab, nil); err != nil {
		t.Fatal(err)
	}
	check(17, 3)
	update()
	check(0, 3)
	if folds != 1 {
		t.Errorf("%d folds", folds)
	}
}

func TestWithoutACache(t *testing.T) {
	r := initRepo(t, mem.New(), "")
	f := &forest{dirs: 2, files: 3}
	f.night(t, r)
	tab, err := history.Open(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if v, err := tab.Of(t.Context(), "folder 000001/document-00000000.json"); err != nil || len(v) != 1 || tab.ShouldFold() {
		t.Errorf("%d versions, %v", len(v), err)
	}
	if _, err := history.Fold(t.Context(), r, nil); !errors.Is(err, history.ErrNoCache) {
		t.Errorf("a fold without a cache: %v", err)
	}
}

func TestBackupKeysAreRefused(t *testing.T) {
	st, cache := mem.New(), t.TempDir()
	if _, err := initRepo(t, st, cache).AddKey(t.Context(), seal.Backup, "writer", []byte("other"), cheap()); err != nil {
		t.Fatal(err)
	}
	r, err := repo.Open(t.Context(), st, repo.Options{Password: []byte("other"), CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := history.Open(context.Background(), r, nil); !errors.Is(err, repo.ErrNeedsFull) {
		t.Errorf("open: %v", err)
	}
	if _, err := history.Fold(context.Background(), r, nil); !errors.Is(err, repo.ErrNeedsFull) {
		t.Errorf("fold: %v", err)
	}
}
