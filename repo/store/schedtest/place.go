package schedtest

import (
	"context"
	"fmt"
	"slices"
)

// place is where a process stands: what it has done and what it got for it
// decide what it does next. Places of one process form a tree.
type place struct {
	proc    int
	parent  uint32 // of the first place: itself
	answer  uint32 // to the parent's operation
	op      *op    // what it does next, nil where it has ended
	number  uint32 // of op
	notes   uint32 // all that it noted so far
	err     error  // it ended with
	knows   uint32 // number plus one of what it told by Remember just before op, or 0
	found   bool   // what follows answer is known
	as      uint32 // place that stands for this one: itself, or see merge
	settled bool   // all that follows is known
	child   uint32 // one of the places that come after it, 0 where none is known
	next    uint32 // another one after the same parent, or 0
}

func (p *place) ended() bool { return p.op == nil }

// place makes a new place, about which nothing is known yet.
func (s *search) place(proc int, parent, answer uint32) uint32 {
	n := uint32(len(s.places))
	p := &place{proc: proc, parent: parent, answer: answer}
	if parent != n {
		p.next, s.places[parent].child = s.places[parent].child, n
	}
	s.places = append(s.places, p)
	s.unknown = append(s.unknown, n)
	return n
}

// after returns the place after p and the answer, if there is one.
func (s *search) after(p *place, answer uint32) (n uint32, known bool) {
	for n := p.child; n != 0; n = s.places[n].next {
		if s.places[n].answer == answer {
			return n, true
		}
	}
	return 0, false
}

// explore finds out about the unknown places, and about those beyond them that
// nothing can keep a process from.
func (s *search) explore(ctx context.Context) error {
	var fresh []uint32
	for len(s.unknown) > 0 {
		unknown := s.unknown
		s.unknown = nil
		came, errs := make([]asked, len(unknown)), make([]error, len(unknown))
		s.parallel(len(unknown), func(i int) { came[i], errs[i] = s.find(ctx, unknown[i]) })
		for i, n := range unknown {
			if errs[i] != nil {
				return errs[i]
			}
			s.learn(n, came[i])
		}
		fresh = append(fresh, unknown...)
	}
	for _, n := range slices.Backward(fresh) { // what comes after a place first
		if err := s.merge(n); err != nil {
			return err
		}
	}
	return nil
}

// learn enters what was found out about a place.
func (s *search) learn(n uint32, came asked) {
	p := s.places[n]
	var known bool
	if p.notes, known = s.notes.number(fmt.Sprintf("%q", came.notes)); !known {
		s.noted = append(s.noted, came.notes)
	}
	if came.knows != "" {
		p.knows, _ = s.memories.number(came.knows)
		p.knows++
	}
	if p.ended() {
		return
	}
	p.number = s.number(p.op)
	p.op = s.allOps[p.number] // one for all places
	if p.op.blind() {
		s.place(p.proc, n, s.done())
	}
}

// path returns the history that leads to place n.
func (s *search) path(n uint32) []passed {
	var all []passed
	for {
		p := s.places[n]
		if p.parent == n {
			slices.Reverse(all)
			return all
		}
		all = append(all, passed{s.places[p.parent].op, &s.answers[p.answer]})
		n = p.parent
	}
}

// find lets the process come to place n, to see what it does next there. Where
// one waits in the place before it goes on; else one runs from the start along
// the history that leads to n. Only the place itself is written to.
func (s *search) find(ctx context.Context, n uint32) (asked, error) {
	p := s.places[n]
	g := s.waiting.take(p.parent)
	if g != nil {
		g.answers <- &s.answers[p.answer]
	} else {
		g = s.start(ctx, p.proc, s.path(n))
	}
	a := <-g.asks
	if a.odd != nil {
		close(g.over)
		return a, fmt.Errorf("%s: %w", s.w.Procs[p.proc].Name, a.odd)
	}
	p.op, p.err = a.op, a.err
	if p.op != nil {
		s.waiting.put(n, g)
	}
	return a, nil
}

// start runs a process from its start; the first answers that it gets are those
// of the path.
func (s *search) start(ctx context.Context, proc int, path []passed) *gate {
	g := &gate{path: path, asks: make(chan asked), answers: make(chan *answer), over: make(chan struct{})}
	s.running.Go(func() {
		err := s.w.Procs[proc].Run(ctx, g)
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.done < len(g.path) {
			o := g.path[g.done].op
			g.tell(asked{odd: fmt.Errorf("a process is not deterministic: it ended where it did %s %s before", o.kind, o.name)})
		}
		g.tell(asked{err: err})
	})
	return g
}
