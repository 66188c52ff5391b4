package log

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

var errBegin = errors.New("the log does not begin with an empty state entry")

// apply changes s, which the caller owns, by the next entry. Where the entry
// contradicts s, s is unusable afterwards.
func (s *State) apply(e *Entry) error {
	if e.Number != s.head.Number+1 {
		return fmt.Errorf("it follows entry %d", s.head.Number)
	}
	if e.Previous != s.head.Hash {
		return fmt.Errorf("it does not carry the hash of entry %d", s.head.Number)
	}
	want := s.lastState
	if e.Body.Type() == TypeState {
		want = e.Number
	}
	if e.LastState != want {
		return fmt.Errorf("it names entry %d as the last state, which is entry %d", e.LastState, want)
	}
	if err := s.change(e); err != nil {
		return err
	}
	s.lastState = want
	s.head = Head{e.Number, e.Hash}
	return nil
}

// begin returns the State just after a state entry.
func begin(e *Entry) (*State, error) {
	w, ok := e.Body.(Whole)
	if !ok || e.LastState != e.Number {
		return nil, errors.New("it is not the state entry that a later entry takes it for")
	}
	if e.Number == 0 && len(w.Snapshots)+len(w.Index)+len(w.Marks)+len(w.Keeps) > 0 {
		return nil, errBegin
	}
	return &State{head: Head{e.Number, e.Hash}, lastState: e.Number, live: w, since: e.Number}, nil
}

func (s *State) change(e *Entry) error {
	switch b := e.Body.(type) {
	case Whole:
		if !bytes.Equal(b.fields(nil), s.live.fields(nil)) {
			return errors.New("it states other things than the entries before it made")
		}
	case Commit:
		return s.commit(b)
	case Forget:
		return s.forget(e.Number, b)
	case Mark:
		for _, p := range b.Packs {
			if i, there := slices.BinarySearchFunc(s.live.Marks, p, byMark); !there {
				s.live.Marks = slices.Insert(s.live.Marks, i, Marked{p, e.Number, e.Time})
			}
		}
	case Keep:
		return s.keep(e, b)
	case Sweep:
		return s.sweep(e.Number, b)
	default:
		return errType
	}
	return nil
}

func (s *State) commit(c Commit) error {
	i, live := slices.BinarySearchFunc(s.live.Snapshots, c.ID, bySnapshot)
	first := c.Replaces == Name{}
	switch {
	case c.ID == Name{} || c.Form == Name{}:
		return errors.New("it commits a snapshot without a name")
	case first && c.Form != c.ID:
		return errors.New("it commits a first form whose name is not the snapshot's id")
	case first && live:
		return fmt.Errorf("it commits snapshot %s a second time", short(c.ID))
	case first:
		s.live.Snapshots = slices.Insert(s.live.Snapshots, i, Snapshot{c.ID, c.Form})
	case !live:
		return fmt.Errorf("it gives snapshot %s, which is not live, another form", short(c.ID))
	case s.live.Snapshots[i].Form != c.Replaces || c.Form == c.Replaces:
		return fmt.Errorf("it replaces a form of snapshot %s that is not the present one", short(c.ID))
	default:
		s.live.Snapshots[i].Form = c.Form
	}
	s.addIndex(c.Index)
	if c.Run != (Run{}) {
		s.end(c.Run)
	}
	return nil
}

func (s *State) forget(n uint64, f Forget) error {
	for _, id := range f.Snapshots {
		i, live := slices.BinarySearchFunc(s.live.Snapshots, id, bySnapshot)
		if !live {
			return fmt.Errorf("it forgets snapshot %s, which is not live", short(id))
		}
		s.live.Snapshots = slices.Delete(s.live.Snapshots, i, i+1)
	}
	s.forgets = append(s.forgets, Forgotten{n, f.Snapshots})
	return nil
}

func (s *State) keep(e *Entry, k Keep) error {
	if k.Run == (Run{}) {
		return errors.New("it keeps for a run without a name")
	}
	kept := Kept{k.Run, e.Number, e.Time, k.Parent, k.Index}
	i, there := slices.BinarySearchFunc(s.live.Keeps, k.Run, byKeep)
	if there {
		s.live.Keeps[i] = kept
	} else {
		s.live.Keeps = slices.Insert(s.live.Keeps, i, kept)
	}
	return nil
}

func (s *State) sweep(n uint64, w Sweep) error {
	for _, x := range w.IndexAdded {
		if slices.Contains(w.IndexRemoved, x) {
			return fmt.Errorf("it adds and removes index file %s", short(x))
		}
	}
	gone := toSet(w.Packs)
	s.live.Marks = slices.DeleteFunc(s.live.Marks, func(m Marked) bool { return gone.has(m.Pack) })
	gone = toSet(w.IndexRemoved)
	s.live.Index = slices.DeleteFunc(s.live.Index, gone.has)
	s.addIndex(w.IndexAdded)
	for _, r := range w.Ended {
		s.end(r)
	}
	s.sweeps = append(s.sweeps, Swept{n, w.Packs, w.IndexRemoved})
	return nil
}

func (s *State) addIndex(all []Name) {
	if len(all) == 0 {
		return
	}
	s.live.Index = append(s.live.Index, all...)
	slices.SortFunc(s.live.Index, byName)
	s.live.Index = slices.Compact(s.live.Index)
}

func (s *State) end(r Run) {
	if i, there := slices.BinarySearchFunc(s.live.Keeps, r, byKeep); there {
		s.live.Keeps = slices.Delete(s.live.Keeps, i, i+1)
	}
}

// short is how a name appears in a sentence: enough to find it.
func short(n Name) string { return hex.EncodeToString(n[:8]) }
