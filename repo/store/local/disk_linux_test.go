package local

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ivyvault/repo/store"
	"ivyvault/repo/store/storetest"
)

// smallDisk mounts a file system of 1 MiB and returns its path.
func smallDisk(t *testing.T) string {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting a small file system needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	s, err := Create(t.Context(), smallDisk(t)+"/repo")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Put(t.Context(), storetest.Name(store.Pack, 1), make([]byte, 2<<20))
	if !errors.Is(err, store.ErrPermanent) || !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("put on a full disk: %v", err)
	}
	if !strings.Contains(err.Error(), s.dir) || !strings.Contains(err.Error(), "full") {
		t.Errorf("%q does not say what is full", err)
	}
	noTemp(t, s)
	mustPut(t, s, storetest.Name(store.Pack, 1), make([]byte, 1000))
}

func TestReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t)
	s, err := Create(t.Context(), dir+"/repo")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustPut(t, s, storetest.Name(store.Pack, 1), []byte("x"))
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("remounting read-only: %v", err)
	}
	mustGet(t, s, storetest.Name(store.Pack, 1), []byte("x"))
	if _, err := s.Put(t.Context(), storetest.Name(store.Pack, 2), nil); !errors.Is(err, store.ErrPermanent) {
		t.Errorf("put: %v", err)
	}
	if err := s.Remove(t.Context(), storetest.Name(store.Pack, 1)); !errors.Is(err, store.ErrPermanent) {
		t.Errorf("remove: %v", err)
	}
	if _, err := Create(t.Context(), dir+"/other"); !errors.Is(err, store.ErrPermanent) {
		t.Errorf("create: %v", err)
	}
}

func TestDirectoryWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root is refused nothing; TestReadOnlyDisk covers root")
	}
	s := create(t)
	if err := os.Chmod(s.dir+"/tmp", 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(s.dir+"/tmp", 0o700)
	if _, err := s.Put(t.Context(), storetest.Name(store.Pack, 1), nil); !errors.Is(err, store.ErrPermanent) {
		t.Errorf("put: %v", err)
	}
}
