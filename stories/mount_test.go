package stories

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mounted is a mount that a process of its own serves.
type mounted struct {
	*process
	dir string
}

// needRoot skips what only root may do.
func needRoot(t *testing.T, what string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("root is needed to %s", what)
	}
}

// mount mounts the repository and waits until it shows itself.
func (h *host) mount(args ...string) *mounted {
	h.t.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		h.t.Skipf("no FUSE: %v", err)
	} else {
		f.Close()
	}
	dir, err := os.MkdirTemp(h.dir, "mnt-")
	if err != nil {
		h.t.Fatal(err)
	}
	m := &mounted{h.start(append([]string{"mount", dir}, args...)...), dir}
	h.t.Cleanup(func() { // a mount whose process was killed would keep the folder from being removed
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
	})
	until(h.t, "the mount shows itself", func() bool {
		if m.ended() {
			h.t.Fatalf("the mount ended: %s", m.wait())
		}
		_, err := os.Stat(filepath.Join(dir, "snapshots"))
		return err == nil
	})
	return m
}

// close ends the mount as a user does, by Ctrl-C.
func (m *mounted) close() result {
	m.t.Helper()
	m.signal(syscall.SIGINT)
	r := m.wait()
	if r.code != 0 {
		m.t.Errorf("the mount ended with exit code %d: %s", r.code, r)
	}
	noCrash(m.t, r)
	return r
}

// list returns the names in a directory of the mount.
func (m *mounted) list(elem ...string) []string {
	m.t.Helper()
	entries, err := os.ReadDir(m.path(elem...))
	if err != nil {
		m.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (m *mounted) path(elem ...string) string {
	return filepath.Join(append([]string{m.dir}, elem...)...)
}

// tool runs another program and returns what it printed.
func tool(t *testing.T, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program) // in CI this fails the run
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}
