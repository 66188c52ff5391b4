package store

import (
	"errors"
	"strings"
)

// ErrNoRepository is what the error of opening a place Is that holds no config
// object: there is no repository, or its medium is not there now.
var ErrNoRepository = errors.New("no repository here")

// ErrNotAtomic is what ProbePutIfAbsent's error Is for a medium that let more
// or less than one of several racing puts make an object.
var ErrNotAtomic = errors.New("put-if-absent is not atomic here")

// Error tells which operation on which object failed. It Is ErrPermanent where
// Permanent is set, and whatever Err Is.
type Error struct {
	Op        string // "put", "get", "list", "remove"
	Name      Name   // the object; for a list only its type
	Hint      string // what happened and what to do, a sentence without its stop; may be ""
	Permanent bool   // trying again can't help
	Err       error  // the cause, never nil
}

// Error returns operation, object, sentence and cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + " " + e.Name.String() + ": ")
	if e.Hint == "" {
		b.WriteString(e.Err.Error())
	} else {
		b.WriteString(e.Hint + " (" + e.Err.Error() + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is ErrPermanent and the error is permanent.
func (e *Error) Is(target error) bool { return target == ErrPermanent && e.Permanent }
