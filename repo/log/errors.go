package log

import (
	"errors"
	"fmt"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
)

// RollbackError says that the store's log is not a continuation of what this
// machine has read before. It Is chunk.ErrDamaged.
type RollbackError struct {
	Known Head // what this machine has read
	Found bool // the store has an entry of that number, but another one
}

func (e *RollbackError) Error() string {
	how := "it has no such entry"
	if e.Found {
		how = "its entry of that number is another one"
	}
	return fmt.Sprintf("the repository was rolled back or replaced: this machine has read its log up to entry %d, and now %s. "+
		"Snapshots made since may be gone. Nothing was changed. Find out who restored or exchanged the repository; "+
		"only if that was on purpose, remove this repository's cache folder and try again", e.Known.Number, how)
}

// Is makes every RollbackError a chunk.ErrDamaged.
func (e *RollbackError) Is(target error) bool { return target == chunk.ErrDamaged }

// RightsError says that this key may not write such an entry. It Is
// seal.ErrCannotRead, the error of a key that is not enough.
type RightsError struct{ Type Type }

func (e *RightsError) Error() string {
	return fmt.Sprintf("a key of the role backup may not write a %s entry to the log; use a password of the role full", e.Type)
}

// Is makes every RightsError a seal.ErrCannotRead.
func (e *RightsError) Is(target error) bool { return target == seal.ErrCannotRead }

// UnsettledError says that it is not known whether an entry was written: the
// put failed, and so did the look that should have settled it.
type UnsettledError struct {
	Number uint64
	Put    error
	Look   error
}

func (e *UnsettledError) Error() string {
	return fmt.Sprintf("whether log entry %d was written is not known: %v; looking for it: %v. Run the command again", e.Number, e.Put, e.Look)
}

// Unwrap returns both causes.
func (e *UnsettledError) Unwrap() []error { return []error{e.Put, e.Look} }

// ErrSwept is what SweptError Is.
var ErrSwept = errors.New("swept by a prune")

// SweptError tells a writer that a prune removed what it relies on since its
// base. It must store these things again, or fail.
type SweptError struct {
	Packs  []Name // relied on and swept
	Index  []Name // index files relied on and removed
	Parent bool   // what the parent refers to may be gone
}

func (e *SweptError) Error() string {
	s := fmt.Sprintf("a prune removed %d packs and %d index files that this run relies on", len(e.Packs), len(e.Index))
	if e.Parent {
		s = "the parent snapshot was forgotten and a prune has run since"
	}
	return s + "; run the backup again"
}

// Is makes every SweptError an ErrSwept.
func (e *SweptError) Is(target error) bool { return target == ErrSwept }

// damage names entry n in what is wrong with it. An error that is no damage,
// for example of a newer version of the format, stays what it is.
func damage(n uint64, err error) error {
	var d *chunk.DamageError
	var v *seal.VersionError
	switch {
	case errors.As(err, &v):
		return fmt.Errorf("log entry %d: %w", n, err)
	case errors.As(err, &d):
		return &chunk.DamageError{What: what(n), How: d.How + bringBack, Err: d.Err}
	}
	return &chunk.DamageError{What: what(n), How: err.Error() + bringBack}
}

const bringBack = "; bring the object back from a copy of the repository, and see what 'ivyvault check' finds"

func missing(n, later uint64) error {
	return &chunk.DamageError{What: what(n), How: fmt.Sprintf("it is missing, though entry %d is there", later) + bringBack}
}

func what(n uint64) string { return fmt.Sprintf("log entry %d", n) }

func missingFirst() error {
	return &chunk.DamageError{What: what(0), How: "it is missing, so the repository has no log; " +
		"bring the objects below log/ back from a copy of the repository"}
}

var errThere = errors.New("the repository has a log already; nothing was changed")
