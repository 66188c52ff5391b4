package log

import "fmt"

// Name is the plain BLAKE3-256 of a stored object; a snapshot's id is the name
// of its first form. The zero Name names nothing.
type Name = [32]byte

// Run names a backup, from its first keep to its commit, also over a restart.
type Run = [16]byte

// Type is the kind of an entry's body.
type Type uint8

// The types of version 1. Their numbers are part of the format.
const (
	TypeState  Type = 1
	TypeCommit Type = 2
	TypeForget Type = 3
	TypeMark   Type = 4
	TypeKeep   Type = 5
	TypeSweep  Type = 6
)

// String returns the type's name as the format's page has it.
func (t Type) String() string {
	switch t {
	case TypeState:
		return "state"
	case TypeCommit:
		return "commit"
	case TypeForget:
		return "forget"
	case TypeMark:
		return "mark"
	case TypeKeep:
		return "keep"
	case TypeSweep:
		return "sweep"
	}
	return fmt.Sprintf("type-%d", uint8(t))
}

// Body is what an entry says. The lists in a body are sets: an encoder sorts
// them, a decoder accepts only sorted ones without repeats.
type Body interface {
	// Type tells which body it is.
	Type() Type
	// fields appends the encoded fields to b.
	fields(b []byte) []byte
}

// Whole is the body of a state entry: all that lives just before it.
type Whole struct {
	Snapshots []Snapshot
	Index     []Name
	Marks     []Marked
	Keeps     []Kept
}

// Commit makes a snapshot exist or gives it another form. The index files
// become live, and the run's keep, where there is one, ends.
type Commit struct {
	Form     Name // the snapshot object
	ID       Name // equal to Form in the first form
	Replaces Name // the form before, zero in the first one
	Run      Run  // zero where there was no keep
	Index    []Name
}

// Forget ends snapshots.
type Forget struct{ Snapshots []Name }

// Mark notes packs that a prune found unused.
type Mark struct{ Packs []Name }

// Keep says what a backup under way relies on. It replaces the run's keep
// before it.
type Keep struct {
	Run    Run
	Parent Name // a snapshot's id or zero
	Index  []Name
}

// Sweep takes packs out of the repository; their objects may be removed once it
// is won. The index files added take the place of those removed.
type Sweep struct {
	Packs        []Name
	IndexRemoved []Name
	IndexAdded   []Name
	Ended        []Run
}

// Snapshot is a live snapshot: its id and the object that is its present form.
type Snapshot struct{ ID, Form Name }

// Marked is a pack with its oldest mark.
type Marked struct {
	Pack  Name
	Entry uint64
	Time  uint64 // milliseconds since 1970, as the entry tells
}

// Kept is a run with its newest keep.
type Kept struct {
	Run    Run
	Entry  uint64
	Time   uint64 // milliseconds since 1970, as the entry tells
	Parent Name   // zero: none
	Index  []Name // sorted
}

// Type implements Body.
func (Whole) Type() Type  { return TypeState }
func (Commit) Type() Type { return TypeCommit }
func (Forget) Type() Type { return TypeForget }
func (Mark) Type() Type   { return TypeMark }
func (Keep) Type() Type   { return TypeKeep }
func (Sweep) Type() Type  { return TypeSweep }

var _, _, _, _, _, _ Body = Whole{}, Commit{}, Forget{}, Mark{}, Keep{}, Sweep{}

// Entry is one verified entry.
type Entry struct {
	Number    uint64
	Previous  Name   // hash of the entry before; of the config for entry 0
	Hash      Name   // of the entry's own bytes
	Time      uint64 // milliseconds since 1970, informative
	LastState uint64 // number of the newest state entry before; its own in a state entry
	Body      Body
	Signer    Signer
}

// fullOnly reports whether only a key of the role full may write the body.
// A state entry is among these because new readers believe it.
func fullOnly(b Body) bool {
	switch b := b.(type) {
	case Keep:
		return false
	case Commit:
		return b.Replaces != Name{}
	}
	return true
}
