package index

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDiskFull folds on a file system that is full. It needs the right to mount.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("none", disk, "tmpfs", 0, "size=80m"); err != nil {
		t.Skip("a small file system cannot be mounted:", err)
	}
	defer unix.Unmount(disk, unix.MNT_DETACH)
	r := seeded(t, rand.Uint64())
	m := &model{files: make(map[Name]modelFile)}
	m.grow(r, 10)
	dir := filepath.Join(disk, "index")
	if _, err := Fold(t.Context(), dir, m.live(), m.load); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 60<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	m.grow(r, 10)
	var space *SpaceError
	if _, err := Fold(t.Context(), dir, m.live(), m.load); !errors.As(err, &space) {
		t.Fatalf("fold on a full disk returned %v", err)
	}
	if space.Dir != dir || space.Need <= space.Have || space.Error() == "" {
		t.Fatalf("%+v", space)
	}
	tab := m.reopen(t, dir)
	defer tab.Close()
	if len(tab.Covered()) != 10 {
		t.Fatal("the old generation is not in use any more")
	}
	m.sameAs(t, tab, nil)
	m.sameWalk(t, tab)
	if left, _ := filepath.Glob(filepath.Join(dir, "tmp-*")); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}
