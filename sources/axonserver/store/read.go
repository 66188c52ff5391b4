package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"sort"

	"ivyvault/sources/axonserver/segment"
)

// Query says which events are wanted.
type Query struct {
	Kind      segment.Kind
	Aggregate string // only of this aggregate; "" is all
	From, To  int64  // first and last token; a To below 0 is the end

	only map[int64]bool // tokens; nil is all
}

// Found is an event and where it lies.
type Found struct {
	Token  int64
	File   string
	Offset int64 // of the event in the file, in bytes
	Event  segment.Event
}

// FileError says what is wrong with one file while events are read.
type FileError struct {
	Path string
	Err  error // a *segment.Damage, a *GapError, or an error of the file system
}

func (e *FileError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// GapError says that tokens are missing before a segment.
type GapError struct{ First, Last int64 }

func (e *GapError) Error() string {
	return fmt.Sprintf("the tokens %d to %d are missing before this segment", e.First, e.Last)
}

// Read yields the wanted events in the order of their tokens, each only after
// its block was proven. What is wrong comes as a *FileError in its place, with
// a zero Found, and the sequence goes on behind it; the error of ctx ends it.
//
// It reads the segments that can hold the tokens from their beginning; for an
// aggregate, all of them. Memory is bounded by the wanted events of one block.
func (c *Context) Read(ctx context.Context, fsys fs.FS, q Query) iter.Seq2[Found, error] {
	s := &c.Events
	if q.Kind == segment.Snapshots {
		s = &c.Snapshots
	}
	if q.To < 0 {
		q.To = math.MaxInt64
	}
	first := sort.Search(len(s.Segments), func(i int) bool { return s.Segments[i].Name.Number > q.From })
	return func(yield func(Found, error) bool) {
		r := &reading{ctx: ctx, fsys: fsys, q: q, buf: make([]byte, bufferSize), next: -1, yield: yield}
		for _, g := range s.Segments[max(0, first-1):] {
			if g.Name.Number > q.To || !r.segment(g) {
				return
			}
		}
	}
}

// reading is a Read under way.
type reading struct {
	ctx   context.Context
	fsys  fs.FS
	q     Query
	buf   []byte
	next  int64 // the token behind the last event that was seen; -1 at the beginning
	yield func(Found, error) bool
}

// errEnough ends the reading of a segment behind the last wanted token.
var errEnough = errors.New("enough")

// segment yields what is wanted of a segment, and returns false where the
// caller has enough.
func (r *reading) segment(g Segment) bool {
	wrong := func(err error) bool { return r.yield(Found{}, &FileError{g.Path, err}) }
	switch from := max(r.q.From, 0); {
	case r.next >= 0 && r.next < g.Name.Number:
		if !wrong(&GapError{r.next, g.Name.Number - 1}) {
			return false
		}
	case r.next < 0 && from < g.Name.Number:
		if !wrong(&GapError{from, g.Name.Number - 1}) {
			return false
		}
	}
	r.next = g.Name.Number
	f, err := r.fsys.Open(g.Path)
	if err != nil {
		return wrong(err)
	}
	defer f.Close()
	held := 0
	wanted := func(e segment.Raw) (bool, error) {
		r.next = e.Token + 1
		if e.Token > r.q.To && held == 0 {
			return false, errEnough
		}
		if !r.wants(e) {
			return false, nil
		}
		held++
		return true, nil
	}
	for e, err := range segment.Read(r.ctx, f, g.Name.Number, r.buf, wanted) {
		var d *segment.Damage
		switch {
		case errors.Is(err, errEnough):
			return false
		case r.ctx.Err() != nil:
			r.yield(Found{}, r.ctx.Err())
			return false
		case errors.As(err, &d):
			held = 0
			if !wrong(d) {
				return false
			}
			continue
		case err != nil:
			return wrong(err)
		}
		held--
		decoded, err := segment.Decode(e.Bytes)
		if err != nil {
			if !wrong(&segment.Damage{Cause: segment.BadEvent, Offset: e.Offset, What: fmt.Sprintf("event %d can't be decoded: %v", e.Token, err)}) {
				return false
			}
			continue
		}
		if !r.yield(Found{e.Token, g.Path, e.Offset, decoded}, nil) {
			return false
		}
	}
	return true
}

func (r *reading) wants(e segment.Raw) bool {
	if e.Token < r.q.From || e.Token > r.q.To || r.q.only != nil && !r.q.only[e.Token] {
		return false
	}
	if r.q.Aggregate == "" {
		return true
	}
	aggregate, _, err := segment.Head(e.Bytes)
	return err != nil || string(aggregate) == r.q.Aggregate // what can't be decoded is reported
}
