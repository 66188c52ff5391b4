package versions

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"ivyvault/index"
)

// TestDiskFull folds on a file system that is full. It needs the right to mount.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("none", disk, "tmpfs", 0, "size=100m"); err != nil {
		t.Skip("a small file system cannot be mounted:", err)
	}
	defer unix.Unmount(disk, unix.MNT_DETACH)
	dir := filepath.Join(disk, "versions")
	fold := func(n int) error {
		c := Chain{Name: "chain"}
		for i := range n {
			c.Snapshots = append(c.Snapshots, processSnapshot(i))
		}
		_, err := Fold(t.Context(), dir, []Chain{c}, processFeed)
		return err
	}
	if err := fold(3); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 60<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var space *index.SpaceError
	if err := fold(6); !errors.As(err, &space) || space.Need <= space.Have || space.Dir != dir {
		t.Fatalf("a fold on a full disk returned %v", err)
	}
	tab, err := OpenTable(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if err := checkProcessTable(tab); err != nil || len(tab.Chains()[0].Snapshots) != 3 {
		t.Fatalf("the old table is not as it was: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "tmp-*")); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}
