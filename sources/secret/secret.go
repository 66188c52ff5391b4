// Package secret holds passwords and keys by where they are to be found, and
// keeps them out of what is printed.
//
// Nouns:
//
//   - A Value says where a secret is: {env:NAME}, {file:/path} or
//     {command:PROGRAM ARGUMENT…}. It prints as that, never as the secret.
//   - A Mask knows the secrets that were revealed and replaces them in texts.
//
// Promise: neither formatting, nor marshalling, nor an error of a Value shows
// the secret itself.
package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Value is a place where a secret is to be found. The zero Value is none. It
// is comparable.
type Value struct{ kind, ref string }

// PlainError says that a secret was written out where a place was expected.
type PlainError struct{}

func (*PlainError) Error() string {
	return "a secret must not stand in the configuration itself: name where it is to be found, as {env:NAME}, {file:/path} or {command:program argument}"
}

// Parse reads {env:NAME}, {file:/path} or {command:program argument…}; the
// empty text is no secret. What is anything else is never repeated in the
// error, since it may be the secret.
func Parse(text string) (Value, error) {
	if text == "" {
		return Value{}, nil
	}
	body, ok := strings.CutPrefix(text, "{")
	body, closed := strings.CutSuffix(body, "}")
	kind, ref, colon := strings.Cut(body, ":")
	if !ok || !closed || !colon || ref == "" || kind != "env" && kind != "file" && kind != "command" {
		return Value{}, &PlainError{}
	}
	return Value{kind, ref}, nil
}

// String returns the place in the form that Parse reads.
func (v Value) String() string {
	if v.IsZero() {
		return ""
	}
	return "{" + v.kind + ":" + v.ref + "}"
}

// IsZero reports whether there is no secret.
func (v Value) IsZero() bool { return v.kind == "" }

// MarshalText writes the place.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what Parse reads.
func (v *Value) UnmarshalText(p []byte) (err error) {
	*v, err = Parse(string(p))
	return err
}

// waiting is how long a command may take to print a secret.
const waiting = 30 * time.Second

// Reveal returns the secret, without the line end that files and commands add.
// The zero Value reveals as "". An empty secret is an error, since it would
// only fail later and less clearly.
func (v Value) Reveal(ctx context.Context) (string, error) {
	if v.IsZero() {
		return "", nil
	}
	text, err := v.read(ctx)
	if err != nil {
		return "", fmt.Errorf("the secret %s can't be had: %w", v, err)
	}
	text = strings.TrimRight(text, "\r\n")
	if text == "" {
		return "", fmt.Errorf("the secret %s is empty", v)
	}
	return text, nil
}

func (v Value) read(ctx context.Context) (string, error) {
	switch v.kind {
	case "env":
		text, ok := os.LookupEnv(v.ref)
		if !ok {
			return "", errors.New("the environment variable is not set")
		}
		return text, nil
	case "file":
		p, err := os.ReadFile(v.ref)
		return string(p), err
	}
	ctx, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	argv := strings.Fields(v.ref)
	if len(argv) == 0 {
		return "", errors.New("it names no command")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out bytes.Buffer
	cmd.Stdout = &out // what it says on standard error could be the secret, so it is dropped
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("the command failed: %w", err)
	}
	return out.String(), nil
}
