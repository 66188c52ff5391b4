package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program runs the test's own binary as the program.
type program struct {
	dir string
	env []string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	dir := t.TempDir()
	// testscript.Main runs main where the binary is called by this name.
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(exe, filepath.Join(dir, "ivyvault")); err != nil {
		t.Fatal(err)
	}
	p := &program{dir: dir}
	p.env = append(os.Environ(), "IVYVAULT_REPOSITORY="+filepath.Join(dir, "repo"), "IVYVAULT_PASSWORD=x", "IVYVAULT_CACHE_DIR="+filepath.Join(dir, "cache"))
	p.want(t, 0, "init", "--kdf-memory", "1", "--kdf-passes", "1")
	return p
}

// output is a file, so that a process which outlives the program does not keep
// a test waiting.
type output struct{ path string }

func (o output) String() string {
	p, err := os.ReadFile(o.path)
	if err != nil {
		return err.Error()
	}
	return string(p)
}

func (p *program) command(t *testing.T, args ...string) (*exec.Cmd, output) {
	t.Helper()
	cmd := exec.Command(filepath.Join(p.dir, "ivyvault"), args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	f, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	cmd.Stdout, cmd.Stderr = f, f
	return cmd, output{f.Name()}
}

// want runs the program to its end and returns what it printed.
func (p *program) want(t *testing.T, code int, args ...string) string {
	t.Helper()
	cmd, out := p.command(t, args...)
	if got := codeOf(t, cmd.Run()); got != code {
		t.Fatalf("ivyvault %s: exit code %d, want %d: %s", strings.Join(args, " "), got, code, out)
	}
	return out.String()
}

func codeOf(t *testing.T, err error) int {
	t.Helper()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed):
		return failed.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// slow starts a backup of a command that says when it runs, and then waits.
func (p *program) slow(t *testing.T, args ...string) (*exec.Cmd, output) {
	t.Helper()
	begun := filepath.Join(p.dir, "begun")
	os.Remove(begun)
	args = append([]string{"backup", "--stdin-from-command"}, args...)
	cmd, out := p.command(t, append(args, "--", "sh", "-c", "echo half; touch begun; exec sleep 60")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	for range 2000 {
		if _, err := os.Stat(begun); err == nil {
			return cmd, out
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the backup did not begin: %s", out)
	return nil, output{}
}

func TestInterrupted(t *testing.T) {
	p := newProgram(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd, out := p.slow(t)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if code := codeOf(t, cmd.Wait()); code != 130 || !strings.Contains(out.String(), "interrupted") {
			t.Errorf("%s: exit code %d: %s", sig, code, out)
		}
	}
	if out := p.want(t, 0, "snapshots"); !strings.Contains(out, "0 snapshots") {
		t.Errorf("an interrupted backup left a snapshot: %s", out)
	}
}

func TestHeld(t *testing.T) {
	p := newProgram(t)
	p.slow(t)
	if out := p.want(t, 11, "backup", "--stdin-from-command", "--", "echo", "x"); !strings.Contains(out, "running") {
		t.Errorf("no sentence: %s", out)
	}
	// Another set, and another verb, do not wait.
	p.want(t, 0, "backup", "--stdin-from-command", "--stdin-filename", "other", "--", "echo", "x")
	p.want(t, 0, "backup", "--stdin-from-command", "--host", "other", "--", "echo", "x")
	p.want(t, 0, "check")
}

// A backup that was killed leaves nothing that the next one minds.
func TestKilled(t *testing.T) {
	p := newProgram(t)
	cmd, _ := p.slow(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	p.want(t, 0, "backup", "--stdin-from-command", "--", "echo", "x")
	p.want(t, 0, "check", "--read-data")
}
