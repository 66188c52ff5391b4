package sources

import (
	"context"
	"fmt"
	"io/fs"
)

// Part is one part of a system that is captured by its own means and goes back
// by them: a database, the indices of a search server, a bucket.
type Part interface {
	Source
	Restorer
}

// Restorer puts back what a capture of the same kind of source yielded.
type Restorer interface {
	// Restore puts what from holds, which is the captured tree, into the place
	// that the receiver was made for. It checks all that it can before it
	// changes anything: versions, rights, room, and that nothing lives at the
	// target, which is an *OccupiedError unless opt.Replace is set. Where it
	// fails it says what is there now.
	Restore(ctx context.Context, from fs.FS, opt RestoreOptions) (Restored, error)
}

// RestoreOptions says what goes back and how.
type RestoreOptions struct {
	// Only names what is put back, in the words of the part: tables, indices,
	// objects, segments. Empty is everything.
	Only    []string
	Replace bool  // what lives at the target may be replaced
	Facts   Facts // of the capture; zero where nothing is known
	// Progress is told what goes on, a line a step; nil is nobody.
	Progress func(line string)
}

// Say tells Progress.
func (o *RestoreOptions) Say(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// Restored is what a restore did.
type Restored struct {
	Counts map[string]int64 `json:"counts,omitempty"` // as in Facts, counted at the target afterwards
	Notes  []string         `json:"notes,omitempty"`  // what the operator has to know or do
}

// OccupiedError says that a restore would replace what lives.
type OccupiedError struct {
	Where string // "the database claims on db1:5432"
	What  string // "12 tables"
}

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("%s is not empty (%s): nothing was changed. Name an empty target, or give --replace to replace it", e.Where, e.What)
}

// Consistency says what a capture stands for.
type Consistency string

// The kinds of consistency, from the strongest.
const (
	Cold     Consistency = "cold"     // what writes was stopped
	Snapshot Consistency = "snapshot" // one point in time, told by the captured system itself
	Quiesced Consistency = "quiesced" // nothing wrote, as far as is known
	Hot      Consistency = "hot"      // it was written meanwhile; the notes say what that means
)

// Facts is what a capture learned about what it captured. It goes into the
// manifest of a system's snapshot, so it must hold no secret.
type Facts struct {
	Product     string            `json:"product,omitempty"` // "PostgreSQL"
	Version     string            `json:"version,omitempty"` // of the server or format
	Tool        string            `json:"tool,omitempty"`    // program and version that took it
	Consistency Consistency       `json:"consistency,omitempty"`
	Counts      map[string]int64  `json:"counts,omitempty"` // rows by table, documents by index, events by context
	Schema      map[string]string `json:"schema,omitempty"` // schema versions, by where they stand
	Details     map[string]string `json:"details,omitempty"`
	Checks      []Check           `json:"checks,omitempty"`
	Notes       []string          `json:"notes,omitempty"`
}

// Check is one thing that was looked at, and how it was.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Said string `json:"said,omitempty"`
}

// Described is implemented by captures that know facts. Facts is called after
// all contents were read and before Close. An error says that the capture as a
// whole is worth nothing, though its contents could be read: a part of a
// cluster failed, a check sum was wrong.
type Described interface {
	Facts(ctx context.Context) (Facts, error)
}

// Continued is implemented by sources that go on from their last good capture.
// Continue is called before Capture with what that capture's State returned;
// it is not called where nothing is known. An error means that the state is of
// no use: the source captures everything then.
type Continued interface {
	Continue(state []byte) error
}

// Stateful is implemented by captures of Continued sources. State is called
// after Facts; what it returns is kept only if the snapshot is complete in this
// part. It must hold no secret.
type Stateful interface {
	State() ([]byte, error)
}

// Rooted is implemented by captures whose root is a directory with attributes
// of its own. Root is called after Entries has ended; false is none.
type Rooted interface {
	Root() (Attr, []Xattr, bool)
}
