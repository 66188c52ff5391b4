package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"ivyvault/repo/store"
)

var errVanished = errors.New("the file under way vanished, most likely because another process cleaned up")

// goneError tells that the directory was a repository and is none now.
type goneError struct {
	dir string
	err error
}

func (e *goneError) Error() string {
	return fmt.Sprintf("the repository %s has gone while it was in use (%v)", e.dir, e.err)
}

func (e *goneError) Is(target error) bool { return target == store.ErrNoRepository }

// syncError tells that the system could not make a file or directory durable.
// What was written since the last good sync may be lost although later syncs
// succeed, so nothing is tried again.
type syncError struct{ err error }

func (e *syncError) Error() string { return e.err.Error() }
func (e *syncError) Unwrap() error { return e.err }

// explain makes a store.Error of what the system said.
func (s *Store) explain(op string, name store.Name, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	// An absent object and an absent repository are different news: the first
	// is an answer, the second would make a reader call everything damaged.
	if errors.Is(err, fs.ErrNotExist) && name.Type != store.Config {
		if gone := s.present(); gone != nil {
			err = gone
		} else if op == "put" {
			err = errVanished // not "no such object", which would end a retry
		}
	}
	e := &store.Error{Op: op, Name: name, Err: err}
	var gone *goneError
	var sync *syncError
	switch {
	case errors.As(err, &gone):
		e.Hint, e.Permanent = "mount the disk that holds "+s.dir+" again, or correct the path", true
	case errors.Is(err, syscall.ENOSPC):
		e.Hint, e.Permanent = "the disk that holds "+s.dir+" is full: free space on it, or forget and prune old snapshots, and run this again", true
	case errors.Is(err, syscall.EDQUOT):
		e.Hint, e.Permanent = "the quota of this user for "+s.dir+" is used up: raise it or free space, and run this again", true
	case errors.Is(err, syscall.EFBIG):
		e.Hint, e.Permanent = "the file system or a limit of this process refuses files of this size in "+s.dir+": raise the limit (ulimit -f), or use another file system", true
	case errors.Is(err, syscall.EROFS):
		e.Hint, e.Permanent = "the file system that holds "+s.dir+" is read-only: mount it writable", true
	case errors.Is(err, fs.ErrPermission):
		e.Hint, e.Permanent = "no permission in "+s.dir+": run this as the user who owns the repository, or change the owner", true
	case errors.Is(err, syscall.EXDEV):
		e.Hint, e.Permanent = "the parts of "+s.dir+" lie on different file systems: put them on one", true
	case errors.Is(err, errNoPutIfAbsent):
		e.Hint, e.Permanent = "keep the repository on a file system that has hard links", true
	case errors.As(err, &sync):
		e.Hint, e.Permanent = "the disk that holds "+s.dir+" failed to store data durably: look into the system's log and check the repository before using it again", true
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG):
		e.Hint, e.Permanent = "something that is no repository object stands there: move it away", true
	}
	return e
}
