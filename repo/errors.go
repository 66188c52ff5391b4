package repo

import (
	"errors"
	"fmt"
)

// ErrExists is what Init's error Is where a repository is there already.
var ErrExists = errors.New("a repository is there already")

// ErrWrongPassword is what Open's error Is when no key slot opens.
var ErrWrongPassword = errors.New("wrong password, or no key for it: check the password; 'ivyvault key list' needs one that works")

// ErrNeedsFull is what an error Is that reports work which a backup key can't do.
var ErrNeedsFull = errors.New("this needs a key of the role full")

// roleError says which work a backup key was asked for.
type roleError struct{ work string }

func (e *roleError) Error() string {
	return fmt.Sprintf("a key of the role backup can't %s: use a password whose key has the role full", e.work)
}
func (e *roleError) Is(target error) bool { return target == ErrNeedsFull }

// NotFoundError names a snapshot that was asked for and isn't there.
type NotFoundError struct{ What string }

func (e *NotFoundError) Error() string {
	return "no snapshot matches " + e.What + ": 'ivyvault snapshots' lists them"
}

var errBusy = errors.New("another write of this process is under way")
