// Package tool runs the programs of others: dump and restore tools, database
// clients, hooks.
//
// Promise: a program never outlives its Run, nor, where the system can see to
// it, this process, and what it has started does so only where it may; what it says is masked; an error says which program it was,
// how it ended and what it said last. No secret is put on a command line here,
// and callers must not put one there: programs get them through files of mode
// 0600 or the environment.
package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"ivyvault/sources/secret"
)

// Command is one run of a program.
type Command struct {
	Argv   []string
	Env    []string // added to this process's environment, as NAME=value
	Dir    string   // "" is the present one
	Stdin  io.Reader
	Stdout io.Writer // nil: what is printed there is treated as on standard error
	// Said gets every line that is printed on standard error, masked; nil drops them.
	Said    func(line string)
	Mask    *secret.Mask
	Timeout time.Duration // 0: none but the context's
	// Left is called where the program ended well and has left another one
	// running that keeps its output open, as start scripts do; what that prints
	// from then on goes nowhere. With nil this is a failure, and ends what was
	// left.
	Left func()
}

// Error says how a program ended that did not end well.
type Error struct {
	Program string
	Exit    int // exit code; -1 where it was killed or never ran
	Said    string
	Err     error
}

func (e *Error) Error() string {
	text := "the program " + e.Program + " failed"
	if e.Exit > 0 {
		text += fmt.Sprintf(" with exit code %d", e.Exit)
	} else if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Said != "" {
		text += "; it said: " + e.Said
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// patience is how long a program may take to end after it was asked to.
const patience = 5 * time.Second

// leaving is how long the output of a program that has ended may stay open
// until it is taken to be another program's that goes on.
const leaving = time.Second

// Run runs the program to its end. The error is an *Error.
func (c Command) Run(ctx context.Context) error {
	if len(c.Argv) == 0 {
		return &Error{Program: "(none)", Exit: -1, Err: errors.New("no program is named")}
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("it did not end within %v", c.Timeout))
		defer cancel()
	}
	last := &tail{}
	said := c.Mask.Lines(saying{last, c.Said})
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = append(os.Environ(), c.Env...), c.Dir, c.Stdin, c.Stdout, said
	if c.Stdout == nil {
		cmd.Stdout = said
	}
	// A group of its own, so that what the program started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = patience
	if c.Left != nil {
		cmd.WaitDelay = leaving
	}
	// The signal of Pdeathsig is sent when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	_ = said.Close() // it writes to memory
	if c.Left != nil && errors.Is(err, exec.ErrWaitDelay) && context.Cause(ctx) == nil {
		c.Left()
		return nil
	}
	if err == nil {
		return nil
	}
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what is left of the group
	}
	e := &Error{Program: c.Argv[0], Exit: -1, Said: last.text(), Err: err}
	var exit *exec.ExitError
	if cause := context.Cause(ctx); cause != nil {
		e.Err = cause
	} else if errors.As(err, &exit) {
		e.Exit = exit.ExitCode()
	} else if errors.Is(err, exec.ErrNotFound) {
		e.Err = fmt.Errorf("it is not installed, or not in PATH: %w", err)
	}
	return e
}

// Output runs the program and returns what it printed on standard output, at
// most 16 MiB of it.
func (c Command) Output(ctx context.Context) (string, error) {
	var out bounded
	c.Stdout = &out
	if err := c.Run(ctx); err != nil {
		return "", err
	}
	return string(out), nil
}

// bounded keeps what is written, and refuses more than 16 MiB.
type bounded []byte

func (b *bounded) Write(p []byte) (int, error) {
	if len(*b)+len(p) > 16<<20 {
		return 0, errors.New("it printed more than 16 MiB")
	}
	*b = append(*b, p...)
	return len(p), nil
}

// saying passes masked lines on.
type saying struct {
	last *tail
	to   func(string)
}

func (s saying) Write(p []byte) (int, error) {
	line := strings.TrimRight(string(p), "\r\n")
	s.last.add(line)
	if s.to != nil && line != "" {
		s.to(line)
	}
	return len(p), nil
}

// tail keeps the last lines, which mostly hold the reason of a failure.
type tail struct{ lines []string }

const (
	tailLines = 5
	tailWidth = 500
)

func (t *tail) add(line string) {
	line = strings.TrimSpace(line)
	if line == "" {
		return
	}
	if len(line) > tailWidth {
		line = line[:tailWidth] + "…"
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

func (t *tail) text() string { return strings.ToValidUTF8(strings.Join(t.lines, " / "), "\uFFFD") }
