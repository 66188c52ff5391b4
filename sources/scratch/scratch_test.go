package scratch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestFolderGoes(t *testing.T) {
	parent := t.TempDir()
	d, err := New(parent, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path(), "dump"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Path()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := errors.Join(d.Close(), d.Close()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(parent); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// What a killed process left is removed by the next; what is in use, and what
// only looks like it, stays.
func TestLeftoversGo(t *testing.T) {
	parent := t.TempDir()
	used, err := New(parent, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	killed := filepath.Join(parent, prefix+"123")
	other := filepath.Join(parent, "other")
	for _, dir := range []string{filepath.Join(killed, "deep"), other} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	next, err := New(parent, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	for path, want := range map[string]bool{used.Path(): true, next.Path(): true, other: true, killed: false} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: there %v, want %v", path, err == nil, want)
		}
	}
}

// Parts that begin at the same moment don't take the folder that another has
// just made, and not locked yet, for one that a killed process left.
func TestManyAtOnce(t *testing.T) {
	parent := t.TempDir()
	for range 20 {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				d, err := New(parent, 0)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := os.Stat(d.Path()); err != nil {
					t.Error(err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if left, _ := os.ReadDir(parent); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestNoRoom(t *testing.T) {
	_, err := New(t.TempDir(), 1<<60)
	var e *NoRoomError
	if !errors.As(err, &e) || e.Need <= 1<<60 {
		t.Errorf("got %v", err)
	}
}

func TestWatch(t *testing.T) {
	d, err := New(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := os.WriteFile(filepath.Join(d.Path(), "dump"), make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	var got int64
	d.Watch(t.Context(), 32<<10, func(n int64) { got = n })
	if got < 64<<10 {
		t.Errorf("told of %d bytes", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.Watch(ctx, 0, func(int64) { t.Error("told after the end") })
}
