package store

import (
	"errors"
	"strconv"
)

// Probe is the family of ProbePutIfAbsent's throw-away objects. It is not part
// of the format and not among Types: a store keeps it apart, takes names of 64
// hexadecimal digits for it, and nobody reads what a broken-off probe left.
const Probe Type = "probe"

var errBadName = errors.New("this is no name of a repository's object")

// Check returns nil for a name that the format knows, else an error that Is
// ErrPermanent. Stores that turn names into paths rely on it: a name that
// passes holds neither separators nor dots.
func (n Name) Check(op string) error {
	ok := false
	switch n.Type {
	case Config:
		ok = n.Name == ""
	case Log:
		ok = len(n.Name) == 16 && only(n.Name, false)
	case Key, Pack, Index, Snapshot, Probe:
		ok = len(n.Name) == 64 && only(n.Name, true)
	}
	if ok {
		return nil
	}
	bad := Name{n.Type, strconv.Quote(n.Name)}
	return &Error{Op: op, Name: bad, Permanent: true, Err: errBadName}
}

func only(s string, hex bool) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (!hex || c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Range turns Get's off and n into the bytes [from, from+count) of an object of
// the given size. A negative off that reaches before the beginning means the
// beginning; an off past the end gives count 0.
func Range(size, off, n int64) (from, count int64) {
	if off < 0 {
		off = max(0, size+off)
	}
	off = min(off, size)
	if n < 0 || n > size-off {
		n = size - off
	}
	return off, n
}
