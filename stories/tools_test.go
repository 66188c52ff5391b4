package stories

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// What people use on directories works in the mount as it does on the original.
func TestUsualProgramsInTheMount(t *testing.T) {
	t.Parallel()
	needRoot(t, "make devices and set owners")
	h := newHost(t)
	h.writeTree(1)
	h.write("src/script.sh", []byte("#!/bin/sh\necho the script ran with $1\n"))
	exe, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	h.write("src/program", exe)
	for _, name := range []string{"src/script.sh", "src/program"} {
		check(t, os.Chmod(h.path(name), 0o755))
	}
	check(t, os.Symlink("documents/empty", h.path("src/link")))
	check(t, os.Symlink("nowhere", h.path("src/dangling")))
	check(t, os.Link(h.path("src/data/table"), h.path("src/table-again")))
	check(t, os.Chown(h.path("src/documents/00"), 1234, 4321))
	check(t, os.Chmod(h.path("src/documents/01"), 0o4751))
	check(t, syscall.Mkfifo(h.path("src/fifo"), 0o640))
	check(t, os.Truncate(h.path("src/documents/02"), 8<<20)) // a hole at the end
	check(t, os.WriteFile(h.path("src/not utf-8: \xff\xfe"), []byte("x"), 0o600))
	h.ok("backup", "src")
	want := copyOf(t, h.path("src"))
	m := h.mount()
	src := m.path("snapshots", "latest", h.path("src"))

	same(t, "in the mount", copyOf(t, src), want)
	t.Run("cp", func(t *testing.T) {
		tool(t, "cp", "-a", src, h.path("copied"))
		same(t, "cp -a", copyOf(t, h.path("copied")), want)
	})
	t.Run("rsync", func(t *testing.T) {
		tool(t, "rsync", "-aHX", "--checksum", src+"/", h.path("synced")+"/")
		same(t, "rsync", copyOf(t, h.path("synced")), want)
		for _, dir := range []string{h.path("synced"), h.path("src")} {
			if out := tool(t, "rsync", "-aHX", "--checksum", "--itemize-changes", "--delete", src+"/", dir+"/"); out != "" {
				t.Errorf("rsync finds differences to %s:\n%s", dir, out)
			}
		}
	})
	t.Run("tar", func(t *testing.T) {
		tool(t, "tar", "--format=posix", "-C", src, "-S", "-cf", h.path("all.tar"), ".")
		check(t, os.Mkdir(h.path("unpacked"), 0o755))
		tool(t, "tar", "-C", h.path("unpacked"), "-xpf", h.path("all.tar"))
		same(t, "tar", copyOf(t, h.path("unpacked")), want)
	})
	t.Run("grep", func(t *testing.T) {
		if out := tool(t, "grep", "-rl", "--devices=skip", "needle is here", src); out != src+"/documents/a name with ü\n" {
			t.Errorf("it found %q", out)
		}
	})
	t.Run("du", func(t *testing.T) {
		sizes := func(args ...string) (a, b int64) {
			for i, dir := range []string{src, h.path("src")} {
				if _, err := fmt.Sscan(tool(t, "du", append(args, "-s", "--block-size=1", dir)...), []*int64{&a, &b}[i]); err != nil {
					t.Fatal(err)
				}
			}
			return a, b
		}
		// Directories have another size on each file system.
		if a, b := sizes("--apparent-size"); a > b+b/100 || a < b-b/100 {
			t.Errorf("%d bytes in the mount, %d in the original", a, b)
		}
		if a, b := sizes(); a > b+b/20+1<<20 {
			t.Errorf("%d bytes of blocks in the mount, %d in the original: the hole is not seen", a, b)
		}
	})
	t.Run("programs", func(t *testing.T) {
		if out := tool(t, src+"/script.sh", "it"); out != "the script ran with it\n" {
			t.Errorf("the script said %q", out)
		}
		if out := tool(t, src+"/program", "version"); !strings.Contains(out, "ivyvault") {
			t.Errorf("the program said %q", out)
		}
	})
	t.Run("writing", func(t *testing.T) {
		if err := os.WriteFile(src+"/new", nil, 0o600); err == nil {
			t.Error("a file can be made in a snapshot")
		}
		if err := os.Remove(src + "/link"); err == nil {
			t.Error("a file can be removed from a snapshot")
		}
	})
	m.close()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
