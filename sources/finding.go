package sources

import "errors"

var errNoContent = errors.New("there is no content to open")

// Finding says that something at a path could not be captured: the capture is
// incomplete, and goes on.
type Finding struct {
	Path string // as in Entry
	What string // what was tried: "read the directory", "open"
	Err  error
}

func (f *Finding) Error() string { return f.Path + ": cannot " + f.What + ": " + f.Err.Error() }

// Unwrap returns the cause.
func (f *Finding) Unwrap() error { return f.Err }

// LostError says that a source is gone for good: its server does not answer any
// more. Where opening or reading a content of a part fails with it, the whole
// part has failed, and what is left of it is not asked for one by one.
type LostError struct{ Err error }

func (e *LostError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// Notice says that something at a path was left out for a reason, and that
// this is no failure: it vanished meanwhile, it is the repository itself, it
// lies on another file system. Err is nil or the cause.
type Notice struct {
	Path string // as in Entry
	What string // for example "not captured: it is the repository"
	Err  error
}

func (n *Notice) Error() string { return n.Path + ": " + n.What }

// Unwrap returns the cause, or nil.
func (n *Notice) Unwrap() error { return n.Err }

// IsNotice reports whether err is, at any depth, no more than a Notice.
func IsNotice(err error) bool {
	var n *Notice
	return errors.As(err, &n)
}
