package log

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Set is a set of names.
type Set map[Name]struct{}

// Add puts n into the set.
func (s Set) Add(n Name) { s[n] = struct{}{} }

func (s Set) has(n Name) bool { _, there := s[n]; return there }

func toSet(all []Name) Set {
	s := make(Set, len(all))
	for _, n := range all {
		s.Add(n)
	}
	return s
}

// Relies is what a writer's commit or keep rests on.
type Relies struct {
	Packs Set // packs of others in which it found chunks
	Own   Set // packs that it put itself
	Index Set // index files that the entry lists
	// Parents are the snapshots whose subtrees it takes over unread.
	Parents []Name
}

// CanCommit is rule 3 of the package's comment: whether a writer that looked up
// what is stored from base on may append a Commit or Keep to now. base and now
// come from the same Log, base first. The error is a SweptError that names what
// must be stored again. After that, the writer may go on from now as its base
// for what it stores or looks up anew.
func CanCommit(base, now *State, r Relies) error {
	sweeps, ok := now.SweptSince(base.head.Number)
	if !ok || base.head.Number > now.head.Number {
		return fmt.Errorf("the log from entry %d on was not read by this process, which knows entries %d to %d",
			base.head.Number, now.since, now.head.Number)
	}
	var e SweptError
	last := uint64(0) // the newest sweep that removed packs
	for _, w := range sweeps {
		for _, p := range w.Packs {
			last = w.Entry
			if r.Packs.has(p) || r.Own.has(p) {
				e.Packs = append(e.Packs, p)
			}
		}
		for _, x := range w.Index {
			if r.Index.has(x) {
				e.Index = append(e.Index, x)
			}
		}
	}
	for _, p := range r.Parents {
		e.Parent = e.Parent || lostParent(base, now, p, last)
	}
	if len(e.Packs) > 0 || len(e.Index) > 0 || e.Parent {
		return &e
	}
	return nil
}

// lostParent reports whether the parent was no snapshot at the base, or was
// forgotten before the sweep.
func lostParent(base, now *State, parent Name, sweep uint64) bool {
	if _, live := base.Form(parent); !live {
		return true
	}
	forgets, _ := now.ForgottenSince(base.head.Number)
	for _, f := range forgets {
		if f.Entry < sweep && slices.Contains(f.Snapshots, parent) {
			return true
		}
	}
	return false
}

// ErrStillNamed is what an error of CanSweep Is.
var ErrStillNamed = errors.New("a pack to be swept is still named")

// CanSweep is rule 2: every pack that w removes is named by no index file that
// is live or kept after w. packs returns the packs that an index file names. It
// does not know what snapshots need; rule 1 is the caller's.
func CanSweep(now *State, w Sweep, packs func(index Name) ([]Name, error)) error {
	gone, removed := toSet(w.Packs), toSet(w.IndexRemoved)
	check := func(x Name) error {
		if removed.has(x) {
			return nil
		}
		all, err := packs(x)
		if err != nil {
			return err
		}
		for _, p := range all {
			if gone.has(p) {
				return fmt.Errorf("%w: pack %s by index file %s", ErrStillNamed, short(p), short(x))
			}
		}
		return nil
	}
	for _, x := range slices.Concat(now.Index(), w.IndexAdded) {
		if err := check(x); err != nil {
			return err
		}
	}
	for _, k := range now.Keeps() {
		if slices.Contains(w.Ended, k.Run) {
			continue
		}
		for _, x := range k.Index {
			if removed.has(x) {
				return fmt.Errorf("%w: index file %s, which goes, by a run that is kept", ErrStillNamed, short(x))
			}
			if err := check(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// Spared is what a prune leaves alone for the sake of runs under way. Safety
// needs none of it.
type Spared struct {
	Parents []Name // ids of snapshots, live or forgotten, to be treated as live
	Index   []Name // index files whose packs are to be treated as needed
	Over    []Run  // runs whose keep is older than the grace: to be ended
}

// Spare sorts the kept runs by whether their newest keep is younger than grace.
// A keep that claims to come from the future counts as young.
func (s *State) Spare(now time.Time, grace time.Duration) Spared {
	var all Spared
	for _, k := range s.live.Keeps {
		if !old(k.Time, now, grace) {
			if k.Parent != (Name{}) {
				all.Parents = append(all.Parents, k.Parent)
			}
			all.Index = append(all.Index, k.Index...)
		} else {
			all.Over = append(all.Over, k.Run)
		}
	}
	slices.SortFunc(all.Parents, byName)
	all.Parents = slices.Compact(all.Parents)
	slices.SortFunc(all.Index, byName)
	all.Index = slices.Compact(all.Index)
	return all
}

// Ripe returns the packs that were marked at least grace ago, sorted.
func (s *State) Ripe(now time.Time, grace time.Duration) []Name {
	var all []Name
	for _, m := range s.live.Marks {
		if old(m.Time, now, grace) {
			all = append(all, m.Pack)
		}
	}
	return all
}

func old(ms uint64, now time.Time, grace time.Duration) bool {
	return ms <= millis(now.Add(-grace))
}
