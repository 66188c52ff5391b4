package schedtest

import (
	"context"
	"fmt"

	"ivyvault/repo/store"
)

// What is in this file spares states and hides none. TestSearchReachesAllFinalStates
// holds it to that.

// alone reports whether no operation of another process can see or change what
// the operation does. Such operations are done at once, and that hides nothing:
//
//   - Take any order, and in it the first operation that is alone when its
//     process could do it. Each step of others that comes before it can be moved
//     behind it, one by one, with the same answers to both and the same contents
//     after both. So the order in which it is done at once ends in the same state,
//     and by repeating that, so does one in which all of them are.
//   - What the order passed through with the operation still undone differs from
//     what the other one passes through by what nobody else sees: an object of its
//     own that is not yet there, or nothing but what its process knows. A Check
//     that holds with the object there and holds with it not there just before
//     its put, as it is called then too, sees no more in these.
//   - That is the only step left out. None is put off for ever, since a process
//     has only so many operations.
//
// Reads of the log, of the config and of keys that are there are alone because
// no process removes them and nothing overwrites them. Media with faults do; a
// violation that is found there is a true order all the same.
func (s *search) alone(c uint32, o *op) bool {
	if s.o.Unreduced {
		return false
	}
	there := func(n store.Name) bool {
		_, err := s.contents[c].m.Get(context.Background(), n, 0, 0)
		return err == nil
	}
	if s.w.Independent != nil && s.w.Independent(o.kind, o.name, there) {
		return true
	}
	return o.kind == "get" && (o.name.Type == store.Log || o.name.Type == store.Config || o.name.Type == store.Key) && there(o.name)
}

// first returns the first process whose next operation is done at once, or -1.
func (s *search) first(x state) int {
	for i, at := range x.at[:len(s.w.Procs)] {
		if p := s.places[at]; !p.ended() && s.effect(x.store, p).alone {
			return i
		}
	}
	return -1
}

// merge makes one place of all in which a process has ended with the same notes,
// and of all from which it does the same to its end whatever others do: its
// operations from there are all blind, and the same, and so are the notes. What
// it did before decides nothing any more. And it makes one place of all in which
// the process told by Remember that it knows the same.
func (s *search) merge(n uint32) error {
	p := s.places[n]
	p.found, p.as = true, n
	if s.o.Unreduced {
		return nil
	}
	if p.knows != 0 && !p.ended() && !s.o.Unmerged {
		return s.recall(n)
	}
	rest := rest{proc: p.proc, notes: p.notes}
	switch {
	case p.ended():
	case p.op.blind():
		after, _ := s.after(p, s.done())
		next := s.places[after]
		if !next.settled {
			return nil
		}
		rest.op, rest.after = p.number+1, next.as
	default:
		return nil
	}
	p.settled = true
	if first, known := s.rests[rest]; known {
		p.as = first
	} else {
		s.rests[rest] = n
	}
	return nil
}

// recall makes one place of all in which a process knows and noted the same. What
// follows from there is the same by what Remember promises; the next operation
// is compared here, and all further ones, for some of them, in again.
func (s *search) recall(n uint32) error {
	p := s.places[n]
	rest := rest{proc: p.proc, notes: p.notes, knows: p.knows}
	first, known := s.rests[rest]
	if !known {
		s.rests[rest] = n
		return nil
	}
	if as := s.places[first]; as.number != p.number {
		return fmt.Errorf("%s knows more than it told by Remember: it wants to %s %s, and elsewhere after the same to %s %s",
			s.w.Procs[p.proc].Name, p.op.kind, p.op.name, as.op.kind, as.op.name)
	}
	p.as = first
	s.stats.Merged++
	if g := s.waiting.take(n); g != nil {
		close(g.over)
	}
	return nil
}

// rest is what a process does to its end where nothing can change that, or what
// it remembers.
type rest struct {
	proc  int
	notes uint32
	knows uint32 // a memory's number plus one
	op    uint32 // its number plus one; 0 at the end
	after uint32 // place
}
