package systems

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// host is a machine with a folder for everything, on which the program runs.
// What it starts carries a mark in its environment, and so do its children, so
// that what outlives it is found wherever it hangs in the tree of processes.
type host struct {
	t    *testing.T
	dir  string
	mark string
}

// newHost makes a machine with an empty repository, an engine's configuration in
// a folder, and a configuration of one system, claims. It holds that folder as
// its last part; the sections, indented by four, hold the rest.
func newHost(t *testing.T, sections string) *host {
	t.Helper()
	h := &host{t: t, dir: t.TempDir(), mark: "STORY=" + rand.Text()}
	for _, dir := range []string{"conf", "scratch", "tmp", "state"} {
		check(t, os.Mkdir(h.path(dir), 0o755))
	}
	check(t, os.WriteFile(h.path("conf", "engine.yaml"), []byte(engineFile), 0o644))
	h.configure(sections)
	h.want(0, "init", "-q", "--pack-size", "4M", "--kdf-memory", "1", "--kdf-passes", "1")
	return h
}

const engineFile = "name: claims\n"

// configure writes the configuration.
func (h *host) configure(sections string) {
	h.t.Helper()
	text := "version: 1\nscratch: " + h.path("scratch") + "\nsystems:\n  claims:\n    type: custom\n    directories:\n      conf: {path: " + h.path("conf") + "}\n" + sections
	check(h.t, os.WriteFile(h.path("ivyvault.yaml"), []byte(text), 0o600))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// path is a path in the machine's folder.
func (h *host) path(elem ...string) string {
	return filepath.Join(append([]string{h.dir}, elem...)...)
}

// result is what a process left.
type result struct {
	args     []string
	code     int // -1: it was killed
	out, err string
}

func (r result) String() string {
	return "ivyvault " + strings.Join(r.args, " ") + "\n" + r.out + r.err
}

// says fails the test where a process did not say all of the words.
func (r result) says(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(r.out+r.err, w) {
			t.Errorf("nothing is said of %q: %s", w, r)
		}
	}
}

// want runs the program to its end and judges its exit code.
func (h *host) want(code int, args ...string) result {
	h.t.Helper()
	return h.start(args...).want(code)
}

// process is one that runs.
type process struct {
	h    *host
	args []string
	cmd  *exec.Cmd
	end  result
	gone chan struct{}
}

// start starts the program.
func (h *host) start(args ...string) *process {
	h.t.Helper()
	p := &process{h: h, args: args, cmd: exec.Command(binary, args...), gone: make(chan struct{})}
	var out, say bytes.Buffer
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = h.dir, &out, &say
	// Nothing of the tester's own settings is let in.
	p.cmd.Env = []string{h.mark, "PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "TMPDIR=" + h.path("tmp"), "TZ=UTC",
		"IVYVAULT_REPOSITORY=" + h.path("repo"), "IVYVAULT_CACHE_DIR=" + h.path("cache"), "IVYVAULT_STATE_DIR=" + h.path("state"), "IVYVAULT_PASSWORD=correct horse"}
	// What a killed program leaves may hold its output open; that is judged by
	// looking for it, not by waiting.
	p.cmd.WaitDelay = time.Second
	check(h.t, p.cmd.Start())
	go func() {
		err := p.cmd.Wait()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			say.WriteString(err.Error())
		}
		p.end = result{p.args, p.cmd.ProcessState.ExitCode(), out.String(), say.String()}
		close(p.gone)
	}()
	h.t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) kill() result {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.gone
	return p.end
}

func (p *process) signal(s syscall.Signal) {
	p.h.t.Helper()
	check(p.h.t, p.cmd.Process.Signal(s))
}

// want waits for the end and judges the exit code.
func (p *process) want(code int) result {
	t := p.h.t
	t.Helper()
	select {
	case <-p.gone:
	case <-time.After(patience):
		p.signal(syscall.SIGQUIT) // its goroutines tell where it hangs
		<-p.gone
		t.Fatalf("it did not end within %v: %s", patience, p.end)
	}
	r := p.end
	if r.code != code {
		t.Fatalf("exit code %d, want %d: %s", r.code, code, r)
	}
	for _, w := range []string{"panic:", "goroutine ", "fatal error", "runtime error"} {
		if strings.Contains(r.err, w) {
			t.Errorf("it crashed: %s", r)
		}
	}
	return r
}

// patience bounds how long a story waits for something that must happen. It is
// no measure of anything: a machine that is slower than this can't be told
// from a program that hangs.
const patience = time.Minute

// until polls until done reports true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not, after %s: %s", patience, what)
		}
	}
}

// snapshots returns the ids of all, oldest first.
func (h *host) snapshots() []string {
	h.t.Helper()
	var list []struct {
		ID string `json:"id"`
	}
	r := h.want(0, "snapshots", "--json")
	check(h.t, json.Unmarshal([]byte(r.out), &list))
	var ids []string
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}
