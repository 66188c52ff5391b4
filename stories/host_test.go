package stories

import (
	"bytes"
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

const password = "correct horse"

// host is a machine with a folder for everything, on which the program runs.
// Methods that return another host change nothing in this one.
type host struct {
	t     *testing.T
	dir   string
	repo  string
	cache string
	env   []string // beside the variables for these
}

// newHost makes a machine and an empty repository with packs of 4 MiB.
func newHost(t *testing.T) *host {
	t.Helper()
	h := bareHost(t)
	h.init()
	return h
}

func bareHost(t *testing.T) *host {
	t.Helper()
	dir := t.TempDir()
	h := &host{t: t, dir: dir, repo: filepath.Join(dir, "repo"), cache: filepath.Join(dir, "cache")}
	h.env = []string{"IVYVAULT_PASSWORD=" + password}
	return h
}

// cheap makes keys cost nothing.
func cheap() []string { return []string{"--kdf-memory", "1", "--kdf-passes", "1"} }

func (h *host) init() { h.ok(append([]string{"init", "--pack-size", "4M"}, cheap()...)...) }

// with returns the same machine with more variables set.
func (h *host) with(env ...string) *host {
	c := *h
	c.env = append(append([]string{}, h.env...), env...)
	return &c
}

// at returns the same machine with another repository.
func (h *host) at(repo string) *host {
	c := *h
	c.repo = repo
	return &c
}

// path is a path in the machine's folder.
func (h *host) path(elem ...string) string {
	return filepath.Join(append([]string{h.dir}, elem...)...)
}

func (h *host) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir = h.dir
	// Nothing of the tester's own settings is let in.
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "TMPDIR=" + h.dir, "TZ=UTC",
		"IVYVAULT_REPOSITORY=" + h.repo, "IVYVAULT_CACHE_DIR=" + h.cache}, h.env...)
	return cmd
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

// run runs the program to its end.
func (h *host) run(args ...string) result {
	h.t.Helper()
	return h.start(args...).wait()
}

// want runs the program to its end and judges its exit code.
func (h *host) want(code int, args ...string) result {
	h.t.Helper()
	r := h.run(args...)
	if r.code != code {
		h.t.Fatalf("exit code %d, want %d: %s", r.code, code, r)
	}
	if code != 0 && r.err == "" && r.out == "" {
		h.t.Errorf("exit code %d without a word: %s", code, r)
	}
	noCrash(h.t, r)
	return r
}

func (h *host) ok(args ...string) result { h.t.Helper(); return h.want(0, args...) }

// value runs the program with --json and decodes what it printed.
func (h *host) value(into any, args ...string) {
	h.t.Helper()
	r := h.ok(append(args, "--json")...)
	if err := json.Unmarshal([]byte(r.out), into); err != nil {
		h.t.Fatalf("%v: %s", err, r)
	}
}

// snapshots returns the ids of all, oldest first.
func (h *host) snapshots() []string {
	h.t.Helper()
	var list []struct {
		ID string `json:"id"`
	}
	h.value(&list, "snapshots")
	var ids []string
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

// says fails the test where a process did not say all of the words.
func (r result) says(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(strings.ToLower(r.out+r.err), strings.ToLower(w)) {
			t.Errorf("nothing is said of %q: %s", w, r)
		}
	}
}

// noCrash fails the test where a process ended by a fault of the program.
func noCrash(t *testing.T, r result) {
	t.Helper()
	for _, w := range []string{"panic:", "goroutine ", "SIGBUS", "fatal error", "runtime error"} {
		if strings.Contains(r.err, w) {
			t.Errorf("it crashed: %s", r)
			return
		}
	}
}

// process is one that runs.
type process struct {
	t    *testing.T
	args []string
	cmd  *exec.Cmd
	out  bytes.Buffer
	err  bytes.Buffer
	end  result
	gone chan struct{}
}

// start starts the program.
func (h *host) start(args ...string) *process {
	h.t.Helper()
	p := &process{t: h.t, args: args, cmd: h.command(args...), gone: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() {
		err := p.cmd.Wait()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			p.err.WriteString(err.Error())
		}
		p.end = result{p.args, p.cmd.ProcessState.ExitCode(), p.out.String(), p.err.String()}
		close(p.gone)
	}()
	h.t.Cleanup(func() { p.kill() })
	return p
}

// wait waits for the end.
func (p *process) wait() result {
	<-p.gone
	return p.end
}

// ended reports whether the process has ended.
func (p *process) ended() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

func (p *process) kill() result {
	_ = p.cmd.Process.Kill() // it may have ended
	return p.wait()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%v: %s", err, p.wait())
	}
}

// patience bounds how long a story waits for something that must happen. It is
// no measure of anything: a machine that is slower than this can't be told
// from a program that hangs.
const patience = 2 * time.Minute

// until polls until done reports true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not, after %s: %s", patience, what)
		}
	}
}
