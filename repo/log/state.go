package log

import (
	"bytes"
	"slices"
)

// Head is how far the log was read.
type Head struct {
	Number uint64
	Hash   Name
}

// State is what lives after the entries up to its head. It is immutable: all
// methods may be called concurrently, slices that they return belong to the
// State and must not be changed.
type State struct {
	head      Head
	lastState uint64
	live      Whole  // sorted, as a decoder gives it
	since     uint64 // sweeps and forgets hold what entries after this number did
	sweeps    []Swept
	forgets   []Forgotten
}

// Swept is what one sweep removed.
type Swept struct {
	Entry uint64
	Packs []Name
	Index []Name
}

// Forgotten is what one forget ended.
type Forgotten struct {
	Entry     uint64
	Snapshots []Name
}

// Head returns number and hash of the newest entry.
func (s *State) Head() Head { return s.head }

// LastState returns the number of the newest state entry.
func (s *State) LastState() uint64 { return s.lastState }

// Since returns the number after which SweptSince and ForgottenSince know
// everything: that of the head with which this process began.
func (s *State) Since() uint64 { return s.since }

// Snapshots returns the live snapshots, sorted by id.
func (s *State) Snapshots() []Snapshot { return s.live.Snapshots }

// Index returns the names of the live index files, sorted.
func (s *State) Index() []Name { return s.live.Index }

// Marks returns the marked packs, sorted by name.
func (s *State) Marks() []Marked { return s.live.Marks }

// Keeps returns the kept runs, sorted by run.
func (s *State) Keeps() []Kept { return s.live.Keeps }

// Form returns the present form of a snapshot, or false where it isn't live.
func (s *State) Form(id Name) (Name, bool) {
	i, ok := slices.BinarySearchFunc(s.live.Snapshots, id, bySnapshot)
	if !ok {
		return Name{}, false
	}
	return s.live.Snapshots[i].Form, true
}

// HasIndex reports whether the index file is live.
func (s *State) HasIndex(n Name) bool {
	_, ok := slices.BinarySearchFunc(s.live.Index, n, byName)
	return ok
}

// Names reports whether the index file is live or named by a keep. Only in such
// files may a writer with this base look up what is stored.
func (s *State) Names(index Name) bool {
	return s.HasIndex(index) || slices.ContainsFunc(s.live.Keeps, func(k Kept) bool {
		_, kept := slices.BinarySearchFunc(k.Index, index, byName)
		return kept
	})
}

// Mark returns a pack's mark, if it has one.
func (s *State) Mark(pack Name) (Marked, bool) {
	i, ok := slices.BinarySearchFunc(s.live.Marks, pack, byMark)
	if !ok {
		return Marked{}, false
	}
	return s.live.Marks[i], true
}

// Keep returns a run's newest keep, if it has one.
func (s *State) Keep(r Run) (Kept, bool) {
	i, ok := slices.BinarySearchFunc(s.live.Keeps, r, byKeep)
	if !ok {
		return Kept{}, false
	}
	return s.live.Keeps[i], true
}

// SweptSince returns the sweeps by entries with numbers above n, oldest first.
// ok is false where n lies before Since: then it is not known.
func (s *State) SweptSince(n uint64) (sweeps []Swept, ok bool) {
	i, _ := slices.BinarySearchFunc(s.sweeps, n+1, func(w Swept, n uint64) int { return cmp(w.Entry, n) })
	return s.sweeps[i:], n >= s.since
}

// ForgottenSince is SweptSince for forgets.
func (s *State) ForgottenSince(n uint64) (forgets []Forgotten, ok bool) {
	i, _ := slices.BinarySearchFunc(s.forgets, n+1, func(f Forgotten, n uint64) int { return cmp(f.Entry, n) })
	return s.forgets[i:], n >= s.since
}

func cmp(x, y uint64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func bySnapshot(s Snapshot, id Name) int { return bytes.Compare(s.ID[:], id[:]) }
func byName(n, m Name) int               { return bytes.Compare(n[:], m[:]) }
func byMark(m Marked, n Name) int        { return bytes.Compare(m.Pack[:], n[:]) }
func byKeep(k Kept, r Run) int           { return bytes.Compare(k.Run[:], r[:]) }

// clone returns a State that apply may change.
func (s *State) clone() *State {
	c := *s
	c.live = Whole{
		Snapshots: slices.Clone(s.live.Snapshots),
		Index:     slices.Clone(s.live.Index),
		Marks:     slices.Clone(s.live.Marks),
		Keeps:     slices.Clone(s.live.Keeps), // their index lists are never written to
	}
	c.sweeps = slices.Clip(s.sweeps)
	c.forgets = slices.Clip(s.forgets)
	return &c
}
