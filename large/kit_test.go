package large

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zeebo/blake3"
)

// vault is a repository and the program that works on it.
type vault struct {
	t    *testing.T
	bin  string
	dir  string // holds repository and cache
	repo string
}

// manyFiles is the room that the sets of many files need in memory, in bytes.
const manyFiles = 14 << 30

// newVault makes a vault; room is what the test needs in memory, or 0 where it
// belongs on a disk.
func newVault(t *testing.T, room uint64) *vault {
	t.Helper()
	if os.Getenv("IVYVAULT_LARGE") == "" {
		t.Skip("a large test: set IVYVAULT_LARGE=1 to run it")
	}
	v := &vault{t: t, dir: workDir(t, room)}
	v.bin, v.repo = filepath.Join(v.dir, "ivyvault"), filepath.Join(v.dir, "repo")
	build := exec.Command("go", "build", "-o", v.bin, "ivyvault/cmd/ivyvault")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	v.run("init")
	return v
}

// workDir is a folder that is removed after the test. Sets of very many files
// lie in memory where there is room: making and removing a million files on a
// disk takes minutes that measure nothing of the program. IVYVAULT_LARGE_DIR
// says another place.
func workDir(t *testing.T, room uint64) string {
	t.Helper()
	base := os.Getenv("IVYVAULT_LARGE_DIR")
	var fs syscall.Statfs_t
	if base == "" && room > 0 && syscall.Statfs("/dev/shm", &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= room {
		base = "/dev/shm"
	}
	if base == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(base, "ivyvault-large-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (v *vault) command(args ...string) *exec.Cmd {
	cmd := exec.Command(v.bin, args...)
	cmd.Env = append(os.Environ(), "IVYVAULT_REPOSITORY="+v.repo, "IVYVAULT_PASSWORD=large", "XDG_CACHE_HOME="+filepath.Join(v.dir, "cache"))
	return cmd
}

// run runs the program to its end and returns what it printed and the peak of
// its memory in MiB.
func (v *vault) run(args ...string) (out []byte, peak int) {
	v.t.Helper()
	cmd := v.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	stop := watch(cmd.Process.Pid)
	err := cmd.Wait()
	peak = stop()
	if err != nil {
		v.t.Fatalf("ivyvault %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	v.t.Logf("ivyvault %-40s %7.1f s, peak %d MiB", strings.Join(args[:min(len(args), 3)], " "), time.Since(began).Seconds(), peak)
	return stdout.Bytes(), peak
}

// backup backs a path up and returns the report's fields.
func (v *vault) backup(path string) (report map[string]any, peak int) {
	v.t.Helper()
	out, peak := v.run("backup", "--json", "-q", path)
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &report); err != nil {
		v.t.Fatalf("backup printed %q: %v", out, err)
	}
	return report, peak
}

// watch samples the memory of a process, RssAnon + RssShmem, until stop is
// called, which returns the peak in MiB.
func watch(pid int) (stop func() int) {
	var peak atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			peak.Store(max(peak.Load(), int64(anon(pid))))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() int { close(done); wg.Wait(); return int(peak.Load() >> 10) }
}

// anon is the sum of RssAnon and RssShmem of a process and all below it, in KiB.
func anon(pid int) (sum int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, l := range lists {
		text, _ := os.ReadFile(l) // what ends meanwhile counts as nothing
		for _, f := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(f); err == nil {
				sum += anon(child)
			}
		}
	}
	p, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return sum
	}
	for line := range strings.Lines(string(p)) {
		f := strings.Fields(line)
		if len(f) > 1 && (f[0] == "RssAnon:" || f[0] == "RssShmem:") {
			n, _ := strconv.Atoi(f[1])
			sum += n
		}
	}
	return sum
}

// mounted is a mount that is served by a process of its own.
type mounted struct {
	v    *vault
	dir  string
	cmd  *exec.Cmd
	stop func() int
}

func (v *vault) mount() *mounted {
	v.t.Helper()
	m := &mounted{v: v, dir: filepath.Join(v.dir, "mnt")}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		v.t.Fatal(err)
	}
	m.cmd = v.command("mount", m.dir)
	var stderr bytes.Buffer
	m.cmd.Stderr = &stderr
	if err := m.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	m.stop = watch(m.cmd.Process.Pid)
	for range 600 {
		if _, err := os.Stat(filepath.Join(m.dir, "snapshots")); err == nil {
			return m
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.cmd.Process.Kill()
	v.t.Fatalf("the mount did not come up: %s", stderr.String())
	return nil
}

// end unmounts and returns the peak of the memory in MiB.
func (m *mounted) end() int {
	m.v.t.Helper()
	peak := m.stop()
	m.cmd.Process.Signal(syscall.SIGINT)
	if err := m.cmd.Wait(); err != nil {
		if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 130 && e.ExitCode() != 0 {
			m.v.t.Errorf("mount: %v", err)
		}
	}
	return peak
}

// digest is a hash over names, types, sizes, modes, times and contents of all
// below root. Files are read by several readers; the sum does not depend on it.
func digest(t *testing.T, root string) string {
	t.Helper()
	type job struct{ path, rel string }
	jobs := make(chan job, 1000)
	var mu sync.Mutex
	var sum [32]byte
	n := 0
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			buf := make([]byte, 1<<20)
			for j := range jobs {
				one, err := entryDigest(j.path, j.rel, buf)
				mu.Lock()
				if err != nil {
					t.Error(err)
				}
				for i := range sum {
					sum[i] ^= one[i]
				}
				n++
				mu.Unlock()
			}
		})
	}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			jobs <- job{path, strings.TrimPrefix(path, root)}
		}
		return err
	})
	close(jobs)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x of %d entries", sum[:8], n)
}

// entryDigest hashes one entry with its content.
func entryDigest(path, rel string, buf []byte) (sum [32]byte, err error) {
	i, err := os.Lstat(path)
	if err != nil {
		return sum, err
	}
	h := blake3.New()
	fmt.Fprintf(h, "%s\x00%v %d\n", rel, i.Mode(), i.ModTime().UnixNano())
	if i.Mode().IsRegular() {
		fmt.Fprintf(h, "%d\n", i.Size())
		f, err := os.Open(path)
		if err != nil {
			return sum, err
		}
		defer f.Close()
		if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, buf); err != nil {
			return sum, err
		}
	}
	copy(sum[:], h.Sum(nil))
	return sum, nil
}

// repoSize is the sum of all bytes of the repository.
func (v *vault) repoSize() (sum int64) {
	filepath.WalkDir(v.repo, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if i, err := d.Info(); err == nil {
				sum += i.Size()
			}
		}
		return nil
	})
	return sum
}

// below asserts a bound on memory.
func below(t *testing.T, what string, peak, bound int) {
	t.Helper()
	if peak >= bound {
		t.Errorf("%s took %d MiB, the bound is %d", what, peak, bound)
	}
}

// everywhere compares a directory with what the mount and restore give of it.
func (v *vault) everywhere(dir string) {
	v.t.Helper()
	want := digest(v.t, dir)
	m := v.mount()
	began := time.Now()
	if got := digest(v.t, filepath.Join(m.dir, "snapshots", "latest", dir)); got != want {
		v.t.Errorf("the mount shows %s, the directory is %s", got, want)
	}
	v.t.Logf("read all of the mount in %.1f s", time.Since(began).Seconds())
	below(v.t, "the mount", m.end(), 400)
	target := filepath.Join(v.dir, "restored")
	_, peak := v.run("restore", "latest", "--target", target)
	below(v.t, "restore", peak, 400)
	if got := digest(v.t, filepath.Join(target, dir)); got != want {
		v.t.Errorf("restore gave %s, the directory is %s", got, want)
	}
	os.RemoveAll(target)
}
