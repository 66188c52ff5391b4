package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/term"
)

// maxPassword bounds what is taken for a password, in bytes.
const maxPassword = 4096

// readPassword gets the password from what the user chose: a file, a command,
// a variable, the terminal, or the first line of standard input.
// Where it has to ask, a new one is asked for twice.
func readPassword(ctx context.Context, g global, what string, isNew bool) ([]byte, error) {
	switch file, command := os.Getenv("IVYVAULT_PASSWORD_FILE"), os.Getenv("IVYVAULT_PASSWORD_COMMAND"); {
	case g.passwordFile != "":
		return passwordOfFile(g.passwordFile)
	case g.passwordCommand != "":
		return passwordOfCommand(ctx, g.passwordCommand)
	case file != "":
		return passwordOfFile(file)
	case command != "":
		return passwordOfCommand(ctx, command)
	}
	if p := os.Getenv("IVYVAULT_PASSWORD"); p != "" {
		// Processes that are started from now on have no use for it.
		if err := os.Unsetenv("IVYVAULT_PASSWORD"); err != nil {
			return nil, err
		}
		return []byte(p), nil
	}
	if !g.password.IsZero() {
		p, err := g.password.Reveal(ctx)
		return []byte(p), err
	}
	return askPassword(ctx, g, what, isNew)
}

// readOtherPassword gets the password of another key than the one that opens
// the repository: from the file that was named, else from the terminal.
func readOtherPassword(ctx context.Context, g global, file, what string) ([]byte, error) {
	if file != "" {
		return passwordOfFile(file)
	}
	return askPassword(ctx, g, what, true)
}

func passwordOfFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the password file can't be read: %w", err)
	}
	defer f.Close()
	return firstLine(f, "the password file "+path)
}

func passwordOfCommand(ctx context.Context, command string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.Stderr = os.Stderr
	cmd.Stdin = os.Stdin
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the password command failed: %w", err)
	}
	return firstLine(bytes.NewReader(out), "the password command")
}

// firstLine returns the first line, of which only the line's end is dropped:
// blanks may belong to the password.
func firstLine(r io.Reader, from string) ([]byte, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxPassword+2)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s can't be read: %w", from, err)
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	switch {
	case len(line) == 0:
		return nil, fmt.Errorf("no password: %s gave an empty first line; use --password-file, --password-command or IVYVAULT_PASSWORD", from)
	case len(line) > maxPassword:
		return nil, fmt.Errorf("%s gave more than %d bytes for a password", from, maxPassword)
	}
	return line, nil
}

// askPassword asks on the terminal, twice where the password is a new one.
// Without a terminal it takes the first line of standard input, unless that
// carries the data.
func askPassword(ctx context.Context, g global, what string, twice bool) ([]byte, error) {
	in := os.Stdin
	switch {
	case g.stdinTaken:
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			return nil, errors.New("no password: standard input carries the data, and there is no terminal to ask on; use --password-file, --password-command or IVYVAULT_PASSWORD")
		}
		defer tty.Close()
		in = tty
	case !term.IsTerminal(int(in.Fd())):
		return firstLine(in, "standard input")
	}
	first, err := askOnce(ctx, in, "enter "+what+": ")
	if err != nil || !twice {
		return first, err
	}
	second, err := askOnce(ctx, in, "enter it again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, errors.New("the two passwords differ: nothing was changed")
	}
	return first, nil
}

// askOnce reads one line without showing it. An interruption puts the
// terminal back as it was.
func askOnce(ctx context.Context, tty *os.File, prompt string) ([]byte, error) {
	state, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return nil, fmt.Errorf("the terminal can't be asked for the password: %w", err)
	}
	fmt.Fprint(os.Stderr, prompt)
	type answer struct {
		p   []byte
		err error
	}
	got := make(chan answer, 1)
	go func() {
		p, err := term.ReadPassword(int(tty.Fd()))
		got <- answer{p, err}
	}()
	select {
	case a := <-got:
		fmt.Fprintln(os.Stderr)
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return nil, fmt.Errorf("the password can't be read: %w", a.err)
		}
		if strings.TrimSpace(string(a.p)) == "" {
			return nil, errors.New("an empty password is refused")
		}
		return a.p, nil
	case <-ctx.Done():
		_ = term.Restore(int(tty.Fd()), state) // the process ends; there is nothing else to do
		fmt.Fprintln(os.Stderr)
		return nil, context.Cause(ctx)
	}
}
