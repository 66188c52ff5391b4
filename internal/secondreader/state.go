package secondreader

import (
	"errors"
	"reflect"
	"slices"
)

// state is what lives after an entry of the log.
type state struct {
	snapshots map[hash]hash // id → present form
	index     map[hash]bool // live index files
	marked    map[hash]mark // packs, with their oldest mark
	kept      map[runID]keep
	newest    uint64 // number of the newest state entry
}

type mark struct{ entry, time uint64 }

type keep struct {
	entry, time uint64
	parent      hash
	index       []hash
}

func newState() *state {
	return &state{
		snapshots: map[hash]hash{}, index: map[hash]bool{}, marked: map[hash]mark{}, kept: map[runID]keep{},
	}
}

var errRights = errors.New("its signer may not write such an entry")

// apply makes s what lives after e, or refuses an entry that contradicts those
// before it.
func (s *state) apply(e *logEntry) error {
	if e.number == 0 && e.kind != typeState {
		return errors.New("the log does not begin with a state")
	}
	if e.kind == typeState {
		s.newest = e.number
	}
	if e.newestState != s.newest {
		return errors.New("it names another entry as the newest state")
	}
	switch e.kind {
	case typeCommit:
		return s.commit(e)
	case typeKeep:
		return s.keep(e)
	}
	if e.role != roleFull {
		return errRights
	}
	switch e.kind {
	case typeState:
		return s.same(e.state)
	case typeForget:
		return s.forget(e)
	case typeMark:
		for _, p := range e.packs {
			if _, before := s.marked[p]; !before {
				s.marked[p] = mark{e.number, e.time}
			}
		}
		return nil
	default:
		return s.sweep(e)
	}
}

// same checks that a state entry repeats what the entries before it made.
func (s *state) same(told *state) error {
	told.newest = s.newest
	if !reflect.DeepEqual(s, told) {
		return errors.New("the state is not what the entries before it made")
	}
	return nil
}

func (s *state) commit(e *logEntry) error {
	present, live := s.snapshots[e.id]
	if e.form == (hash{}) || e.form == e.replaces {
		return errors.New("a commit of nothing")
	}
	if e.replaces == (hash{}) {
		if e.form != e.id || live {
			return errors.New("a first form of a snapshot that lives, or under another id")
		}
	} else {
		if e.role != roleFull {
			return errRights
		}
		if !live || present != e.replaces {
			return errors.New("it replaces a form that isn't the present one")
		}
	}
	s.snapshots[e.id] = e.form
	for _, name := range e.index {
		s.index[name] = true
	}
	delete(s.kept, e.run)
	return nil
}

func (s *state) forget(e *logEntry) error {
	for _, id := range e.snapshots {
		if _, live := s.snapshots[id]; !live {
			return errors.New("it forgets a snapshot that isn't there")
		}
		delete(s.snapshots, id)
	}
	return nil
}

func (s *state) keep(e *logEntry) error {
	if e.run == (runID{}) {
		return errors.New("a keep without a run")
	}
	s.kept[e.run] = keep{e.number, e.time, e.parent, e.index}
	return nil
}

func (s *state) sweep(e *logEntry) error {
	for _, name := range e.packs {
		delete(s.marked, name)
	}
	for _, name := range e.indexRemoved {
		if slices.Contains(e.index, name) {
			return errors.New("it adds an index file that it removes")
		}
		delete(s.index, name)
	}
	for _, name := range e.index {
		s.index[name] = true
	}
	for _, run := range e.ended {
		delete(s.kept, run)
	}
	return nil
}
