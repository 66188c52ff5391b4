package stories

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of a size such as 30m and returns its place.
func (h *host) smallDisk(name, size string) string {
	h.t.Helper()
	needRoot(h.t, "mount a small disk")
	dir := h.path(name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		h.t.Skipf("root is not allowed to mount here: %v", err)
	}
	h.t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			h.t.Error(err)
		}
	})
	return dir
}

// resize gives a small disk another size.
func resize(t *testing.T, dir, size string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size="+size); err != nil {
		t.Fatal(err)
	}
}

// fill writes to a disk until nothing more goes.
func fill(t *testing.T, dir string) (path string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !strings.Contains(err.Error(), "no space") {
		t.Fatal(err)
	}
	return f.Name()
}

// A full disk ends a backup with a sentence and harms nothing; once there is
// room, the same command succeeds.
func TestFullDiskUnderTheRepository(t *testing.T) {
	t.Parallel()
	h := bareHost(t)
	disk := h.smallDisk("disk", "34m")
	h.repo = filepath.Join(disk, "repo")
	h.init()
	h.writeTree(1)
	h.ok("backup", "src")
	first := copyOf(t, h.path("src"))
	h.write("src/big", noise(50, 60<<20))

	for range 2 {
		h.want(1, "backup", "src").says(t, "full", h.repo, "free space", "again")
		h.ok("check", "--read-data")
	}
	r := h.want(1, "backup", "src", "--json")
	if !strings.Contains(r.err, `"code":1`) {
		t.Errorf("no error as JSON: %s", r)
	}
	if n := len(h.snapshots()); n != 1 {
		t.Errorf("%d snapshots, want the first alone", n)
	}
	h.restores("latest", first)
	if left := h.objects("tmp"); len(left) > 0 {
		t.Errorf("%d files under way were left on the full disk", len(left))
	}

	// Not one byte is free: reading still works, and prune makes room.
	filler := fill(t, disk)
	h.ok("snapshots")
	h.ok("check", "--read-data")
	h.restores("latest", first)
	m := h.mount()
	same(t, "the mount over a full disk", copyOf(t, m.path("snapshots", "latest", h.path("src"))), first)
	m.close()
	h.want(1, "forget", "latest").says(t, "full", h.repo)
	drop(t, filler)
	before := bytesOf(h.objects("packs"))
	h.ok("prune", "--grace", "0")
	if after := bytesOf(h.objects("packs")); after >= before {
		t.Errorf("prune freed nothing of what the broken-off runs left: %d bytes before, %d after", before, after)
	}

	resize(t, disk, "120m")
	h.ok("backup", "src")
	h.ok("check", "--read-data")
	h.restores("latest", copyOf(t, h.path("src")))
	h.restores("latest~1", first)
}

// A full disk under the cache costs time only.
func TestFullDiskUnderTheCache(t *testing.T) {
	t.Parallel()
	h := bareHost(t)
	disk := h.smallDisk("disk", "1m")
	h.cache = filepath.Join(disk, "cache")
	h.init()
	h.writeTree(1)
	h.ok("backup", "src")
	for _, when := range []string{"with what it held", "empty"} {
		if when == "empty" {
			if err := os.RemoveAll(filepath.Join(disk, "filler")); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(h.cache); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(h.cache, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		fill(t, disk)
		before := len(h.snapshots())
		for day := 2; day < 4; day++ {
			h.writeTree(day)
			h.ok("backup", "src")
			h.ok("check", "--read-data")
			h.restores("latest", copyOf(t, h.path("src")))
		}
		if n := len(h.snapshots()); n != before+2 {
			t.Errorf("the cache's disk being full %s: %d snapshots, want %d", when, n, before+2)
		}
		m := h.mount()
		same(t, "the mount with a full cache disk", copyOf(t, m.path("snapshots", "latest", h.path("src"))), copyOf(t, h.path("src")))
		m.close()
		h.ok("forget", "--keep-last", "2")
		h.ok("prune", "--grace", "0")
		h.ok("check", "--read-data")
	}
}
