package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// The exit codes. Scripts depend on them; they are part of every man page.
const (
	exitDone         = 0
	exitFailed       = 1
	exitIncomplete   = 3
	exitNoRepository = 10
	exitHeld         = 11
	exitWrongKey     = 12
	exitDamaged      = 13
	exitInterrupted  = 130
)

// errIncomplete is what an error Is that reports work that was done but for
// some files, each of which was named.
var errIncomplete = errors.New("incomplete")

// incompleteError counts what a verb could not do.
type incompleteError struct{ text string }

func (e *incompleteError) Error() string        { return e.text }
func (e *incompleteError) Is(target error) bool { return target == errIncomplete }

// exitTable holds, in the order in which one goes before another, which errors
// give which code.
func exitTable() []struct {
	code int
	errs []error
} {
	return []struct {
		code int
		errs []error
	}{
		{exitDamaged, []error{chunk.ErrDamaged}},
		{exitWrongKey, []error{repo.ErrWrongPassword, repo.ErrNeedsFull, seal.ErrCannotRead, seal.ErrWrongPassword}},
		{exitHeld, []error{errHeld}},
		{exitNoRepository, []error{store.ErrNoRepository}},
		{exitIncomplete, []error{errIncomplete}},
	}
}

// exitCode maps an error, at any depth and of several joined ones the gravest,
// to the code of the process. cause is why the context ended, nil if it didn't.
func exitCode(err, cause error) int {
	if err == nil {
		return exitDone
	}
	for _, row := range exitTable() {
		if row.code != exitDamaged && cause != nil && interrupted(err) {
			return exitInterrupted
		}
		for _, target := range row.errs {
			if errors.Is(err, target) {
				return row.code
			}
		}
	}
	return exitFailed
}

// brokenOff says that the user broke off what ran, and beside it what failed
// for another reason: that a system could not be started again, above all.
func brokenOff(err error) error {
	text := errInterrupted.Error()
	for _, e := range branches(err) {
		if !interrupted(e) {
			text = e.Error() + "; " + text
		}
	}
	return errors.New(text)
}

// branches takes apart what errors.Join has put together. What is wrapped in a
// sentence stays as it is.
func branches(err error) (all []error) {
	switch e := err.(type) {
	case nil:
	case maskedError:
		for _, b := range branches(e.error) {
			all = append(all, maskedError{b, e.mask})
		}
	case interface{ Unwrap() []error }:
		var texts []string
		for _, b := range e.Unwrap() {
			texts = append(texts, b.Error())
			all = append(all, branches(b)...)
		}
		if strings.Join(texts, "\n") != err.Error() {
			return []error{err}
		}
	default:
		return []error{err}
	}
	return all
}

func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted)
}

// usageError says what is wrong with a command line and where help is.
func usageError(verb, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if !strings.HasSuffix(text, "?") {
		text += ";"
	}
	if verb != "" {
		verb += " "
	}
	return fmt.Errorf("%s 'ivyvault %s--help' tells more", text, verb)
}
