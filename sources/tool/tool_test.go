package tool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ivyvault/sources/secret"
)

func sh(script string) Command { return Command{Argv: []string{"sh", "-c", script}} }

func TestRunSaysHowItEnded(t *testing.T) {
	var mask secret.Mask
	mask.Add("hunter2")
	c := sh("echo one >&2; echo password hunter2 is wrong >&2; exit 4")
	c.Mask = &mask
	var heard []string
	c.Said = func(line string) { heard = append(heard, line) }
	err := c.Run(t.Context())
	var e *Error
	if !errors.As(err, &e) || e.Exit != 4 || !strings.Contains(err.Error(), "with exit code 4; it said: one / password "+secret.Stars) {
		t.Errorf("got %v", err)
	}
	if len(heard) != 2 || strings.Contains(strings.Join(heard, ""), "hunter2") {
		t.Errorf("it said %q", heard)
	}
}

func TestOutput(t *testing.T) {
	c := sh("cat; echo $WHO")
	c.Stdin, c.Env = strings.NewReader("in "), []string{"WHO=me"}
	if out, err := c.Output(t.Context()); err != nil || out != "in me\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestNotInstalled(t *testing.T) {
	err := Command{Argv: []string{"no-such-program-here"}}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("got %v", err)
	}
}

// What a program started itself ends with it, also where it does not listen.
func TestTimeoutEndsTheWholeGroup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	c := sh("sh -c 'trap \"\" TERM; echo $$ > " + file + "; while :; do sleep 0.1; done' & while [ ! -s " + file + " ]; do sleep 0.01; done; wait")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !filled(file) {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	pid := atoi(t, file)
	for syscall.Kill(pid, 0) == nil && !zombie(pid) {
		time.Sleep(5 * time.Millisecond) // the test's own time-out ends this
	}
	c = sh("sleep 1000")
	c.Timeout = 10 * time.Millisecond
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "did not end within") {
		t.Errorf("got %v", err)
	}
}

// A start script ends and leaves a program that writes to where it wrote: that
// goes on where it may, and else is ended with the script.
func TestLeft(t *testing.T) {
	for _, may := range []bool{true, false} {
		file := filepath.Join(t.TempDir(), "pid")
		c := sh("echo begun >&2; sleep 1000 & echo $! > " + file)
		left := 0
		var heard []string
		c.Said = func(line string) { heard = append(heard, line) }
		if may {
			c.Left = func() { left++ }
		}
		if err := c.Run(t.Context()); (err == nil) != may || may != (left == 1) {
			t.Errorf("may it? %v; %v, called %d times", may, err, left)
		}
		if len(heard) != 1 || heard[0] != "begun" {
			t.Errorf("it said %q", heard)
		}
		pid := atoi(t, file)
		if may {
			if err := syscall.Kill(pid, 0); err != nil || zombie(pid) {
				t.Errorf("what was left has ended: %v", err)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL) // it is ours
		}
		for syscall.Kill(pid, 0) == nil && !zombie(pid) {
			time.Sleep(5 * time.Millisecond) // the test's own time-out ends this
		}
	}
}

func filled(name string) bool { p, err := os.ReadFile(name); return err == nil && len(p) > 1 }

func atoi(t *testing.T, name string) (n int) {
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range strings.TrimSpace(string(p)) {
		n = 10*n + int(d-'0')
	}
	return n
}

func zombie(pid int) bool {
	p, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "stat"))
	return err != nil || strings.Contains(string(p), ") Z ")
}

func itoa(n int) (s string) {
	for ; n > 0; n /= 10 {
		s = string(rune('0'+n%10)) + s
	}
	return s
}
