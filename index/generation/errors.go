package generation

import "errors"

// ErrNone is what Open's error Is where no generation was made yet.
var ErrNone = errors.New("no generation has been made yet")

// ErrBusy is what Make's error Is where another process is making one.
var ErrBusy = errors.New("another process is making a generation")

// DamageError says that the generation that CURRENT names cannot be used. What
// it held must be made again.
type DamageError struct {
	Path string
	How  string
	Err  error // the cause, may be nil
}

func (e *DamageError) Error() string {
	s := e.Path + " cannot be used: " + e.How
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }
