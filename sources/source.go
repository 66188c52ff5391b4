// Package sources says what to capture: it defines the one waist between the
// things that are backed up and the archiver.
//
// Nouns:
//
//   - A Source is something that can be captured: directories, the output of
//     a command, the segments of an event store, a database.
//   - A Capture is one consistent view of it, held until Close.
//   - An Entry is one named thing in that view: a file, a directory, a link.
//   - A Stamp is what the source calls a content's version. Where the parent
//     snapshot has the same stamp at the same path, the content is not read.
//   - A Finding is something that could not be captured; a Notice is something
//     that was left out for a reason, or worth a line.
//
// Promise: Entries come in one order that depends on names alone, every
// directory before what is in it, so that archivers can compare two captures
// as two sorted streams. Nothing here knows a repository.
package sources

import (
	"context"
	"io"
	"iter"
)

// Source is something that can be captured. Capture quiesces it or takes a
// snapshot of it, as far as it can; where it returns a Capture, the caller
// closes it, whatever happens.
type Source interface {
	Capture(ctx context.Context) (Capture, error)
}

// Capture is one view of a source.
type Capture interface {
	// Entries yields all that is captured, depth first, a directory before
	// its children, the children of a directory in ascending order of the
	// bytes of their names. All directories above an entry are entries, but
	// for the root itself, which has no path and is not yielded.
	//
	// An error that comes with a path is a *Finding or a *Notice about that
	// path; the Entry then holds the path only, and the walk goes on. An error
	// that comes without a path ends the walk; the sequence yields nothing
	// after it. It is the context's error where the context ended.
	//
	// Entries may be called more than once, one call after the other; each
	// call looks afresh where the source is alive.
	Entries(ctx context.Context) iter.Seq2[Entry, error]

	// Close releases what Capture took. Items can't be used afterwards. The
	// context bounds the clean-up, not the capture: callers pass one that is
	// still alive when theirs has ended.
	Close(ctx context.Context) error
}

// Entry is one captured thing. It may be kept and used, its Item included,
// until its Capture is closed.
type Entry struct {
	// Path is relative to the root of the snapshot, with slashes, without a
	// leading one: "srv/ivy/data/x". It may hold any bytes but NUL.
	Path string
	Attr Attr
	// Stamp is opaque; nil says that size, mtime, ctime and inode decide
	// whether the content is unchanged. An empty one that isn't nil says that
	// nothing does: the content is always read.
	Stamp  []byte
	Target string // of a symbolic link, any bytes
	Item   Item   // how to read more; nil where there is nothing more
}

// Open opens a file's content. The caller closes it. Besides io.ReadCloser the
// result may be an Extents, a Checker, an Attributed.
func (e *Entry) Open(ctx context.Context) (io.ReadCloser, error) {
	if e.Item == nil {
		return nil, &Finding{Path: e.Path, What: "open", Err: errNoContent}
	}
	return e.Item.Open(ctx)
}

// Xattrs reads the extended attributes, sorted by name; ACLs are among them.
// It costs system calls, so call it for what is new or changed only; where the
// content is open anyway and is an Attributed, ask that.
func (e *Entry) Xattrs() ([]Xattr, error) {
	if e.Item == nil {
		return nil, nil
	}
	return e.Item.Xattrs()
}

// Item reads what an Entry doesn't carry. Its methods may be called by any
// goroutine, until the Capture is closed.
type Item interface {
	Open(ctx context.Context) (io.ReadCloser, error)
	Xattrs() ([]Xattr, error)
}

// Extents is implemented by open contents that can tell holes from data.
type Extents interface {
	// NextData returns the first run of data at or after off: where it begins
	// and where it ends. Bytes between off and data are a hole and read as
	// zeros. Where only a hole follows it returns io.EOF. It doesn't disturb
	// reading.
	NextData(off int64) (data, end int64, err error)
}

// Checker is implemented by open contents that can change while they are read.
type Checker interface {
	// Changed reports whether the content is another one than the Entry told
	// of: other size, mtime, ctime or inode. Ask after the last byte was read;
	// where it is true, what was read may be a mixture, and the Entry's
	// attributes must not serve as a stamp next time.
	Changed() (bool, error)
}

// Eager is implemented by captures that save work where they know beforehand
// that what they yield will be opened.
type Eager interface {
	// OpenAhead says that the caller will open nearly every file, soon after it
	// was yielded. It is called before Entries. What is not opened costs time,
	// and is closed with the Capture.
	OpenAhead()
}

// Attributed is implemented by open contents that can read their extended
// attributes more cheaply than by name.
type Attributed interface {
	Xattrs() ([]Xattr, error)
}
