// Package hook runs the commands that users put around a capture.
//
// Promise: a command is an argument list and no shell sees it, unless it was
// asked for; it ends within its time, and what a good end leaves running, as the
// start of an engine does, goes on; what it prints is told line by line, with
// secrets masked.
package hook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ivyvault/sources/secret"
	"ivyvault/sources/tool"
)

// Usual is how long a hook may take where nothing else was said.
const Usual = 10 * time.Minute

// Hook is one command.
type Hook struct {
	Name    string        // for messages: "stop", "before 1"
	Argv    []string      // with Shell, one line
	Shell   bool          // the line is given to /bin/sh -c
	Timeout time.Duration // 0: Usual
	Dir     string
}

// Runner runs hooks.
type Runner struct {
	Env  []string // IVYVAULT_… variables, as NAME=value
	Mask *secret.Mask
	Say  func(line string) // nil: nobody
}

// Error says which hook failed.
type Error struct {
	Hook string
	Err  error
}

func (e *Error) Error() string { return "the hook '" + e.Hook + "': " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Check reports what is wrong with a hook before anything runs.
func (h Hook) Check() error {
	switch {
	case len(h.Argv) == 0 || h.Argv[0] == "":
		return &Error{h.Name, errors.New("it names no command")}
	case h.Shell && len(h.Argv) != 1:
		return &Error{h.Name, errors.New("with a shell it is one line of text, not a list")}
	case h.Timeout < 0:
		return &Error{h.Name, errors.New("its time-out is negative")}
	}
	return nil
}

// String is the command as one would type it.
func (h Hook) String() string {
	if h.Shell {
		return strings.Join(h.Argv, " ")
	}
	words := make([]string, len(h.Argv))
	for i, w := range h.Argv {
		words[i] = Quote(w)
	}
	return strings.Join(words, " ")
}

// Quote makes a text one word of a shell's line.
func Quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Run runs one hook to its end.
func (r Runner) Run(ctx context.Context, h Hook) error {
	if err := h.Check(); err != nil {
		return err
	}
	argv := h.Argv
	if h.Shell {
		argv = []string{"/bin/sh", "-c", h.Argv[0]}
	}
	limit := h.Timeout
	if limit == 0 {
		limit = Usual
	}
	say := r.Say
	if say == nil {
		say = func(string) {}
	}
	say(fmt.Sprintf("hook '%s': %s", h.Name, r.Mask.Clean(h.String())))
	left := func() {
		say(fmt.Sprintf("the hook '%s' has ended and has left a program running that still had its output open; what that prints goes nowhere now, and some programs end by it: have the hook send it to a file", h.Name))
	}
	err := tool.Command{Left: left, Argv: argv, Env: r.Env, Dir: h.Dir, Mask: r.Mask, Said: say, Timeout: limit}.Run(ctx)
	if err != nil {
		return &Error{h.Name, err}
	}
	return nil
}

// All runs hooks one after the other. The first that fails ends it, unless
// each is set: then the others run all the same, and all errors are returned.
func (r Runner) All(ctx context.Context, hooks []Hook, each bool) error {
	var all error
	for _, h := range hooks {
		if err := r.Run(ctx, h); err != nil {
			all = errors.Join(all, err)
			if !each {
				return all
			}
		}
	}
	return all
}
