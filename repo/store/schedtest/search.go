package schedtest

import (
	"context"
	"fmt"
	"math/bits"
	"sync"
)

// Search is Explore for who expects a violation: it stops at the first one. The
// error says that the search could not be completed.
func Search(ctx context.Context, setup func() World, o Options) (Stats, error) {
	if o.MaxStates == 0 {
		o.MaxStates = 2_000_000
	}
	if o.Preemptions == 0 {
		o.Preemptions = unbounded
	}
	s := &search{setup: setup, o: o, seen: map[key]set{}, stack: []branch{{last: -1, left: o.Preemptions}}}
	s.more.L = &s.mu
	var all sync.WaitGroup
	for range max(o.Workers, 1) {
		all.Go(func() { s.work(ctx) })
	}
	all.Wait()
	return s.stats, s.err
}

const unbounded = 1 << 30

// set holds processes, by number.
type set uint64

// branch is an order that is still to be followed. Of the state that it ends in,
// only steps of processes that are not asleep are to be tried: what the others
// would do now is done elsewhere, in another order with the same outcome.
type branch struct {
	order  []uint8
	asleep set
	last   int // process that did the last step
	left   int // preemptions
}

// key is a state of a search. With a bound on preemptions what may follow
// depends on who went last and on how many are left.
type key struct {
	state uint64
	last  int
	left  int
}

type search struct {
	setup func() World
	o     Options

	mu    sync.Mutex
	more  sync.Cond   // of stack, busy, err and stats.Violation
	seen  map[key]set // who was asleep in the state in all visits so far
	stack []branch
	busy  int // workers that follow a branch
	stats Stats
	err   error
}

func (s *search) over() bool { return s.err != nil || s.stats.Violation != nil }

func (s *search) work(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.stack) == 0 && s.busy > 0 && !s.over() {
			s.more.Wait()
		}
		if len(s.stack) == 0 || s.over() {
			s.more.Broadcast()
			return
		}
		b := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.busy++
		s.mu.Unlock()
		steps, err := s.execute(ctx, b)
		s.mu.Lock()
		s.busy--
		s.stats.Executions++
		s.stats.Steps += steps
		if err != nil && s.err == nil {
			s.err = err
		}
		s.more.Broadcast()
	}
}

// execute follows the order and then goes on, first process first, until it
// comes to a state in which nothing is left to be tried. The other choices on
// its way it leaves on the stack.
func (s *search) execute(ctx context.Context, b branch) (steps int, err error) {
	w := s.setup()
	x := start(ctx, w)
	defer x.stop()
	for _, p := range b.order {
		x.runIndependent()
		if err := x.go1(int(p)); err != nil {
			return x.steps, err
		}
	}
	for {
		x.runIndependent()
		p, fresh, err := s.choose(x, &b)
		if err != nil {
			return x.steps, err
		}
		if fresh {
			if err := w.Check(ctx); err != nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.stats.Violation == nil {
					s.stats.Violation = &Violation{err, x.order()}
				}
				return x.steps, nil
			}
		}
		if p < 0 {
			return x.steps, nil
		}
		if err := x.go1(p); err != nil {
			return x.steps, err
		}
	}
}

// choose enters the state at which x stands and takes the step to go on with,
// -1 where there is none. It leaves the other steps on the stack and makes b
// the branch that begins with the one taken. fresh is true at the first visit.
func (s *search) choose(x *execution, b *branch) (p int, fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over() {
		return -1, false, nil
	}
	k := key{state: x.fingerprint()}
	if s.o.Preemptions != unbounded {
		k.last, k.left = b.last, b.left
	}
	before, known := s.seen[k]
	var todo set
	for _, q := range x.alive() {
		todo |= 1 << q
	}
	if known {
		todo &= before // what was asleep in all visits
		s.seen[k] = before & b.asleep
	} else {
		s.seen[k] = b.asleep
		s.stats.States++
		if s.stats.States > s.o.MaxStates {
			return -1, false, fmt.Errorf("gave up after %d states", s.o.MaxStates)
		}
	}
	todo &^= b.asleep
	cost := 0
	if b.last >= 0 && !x.procs[b.last].ended {
		cost = 1
	}
	asleep, first := b.asleep, -1
	var next branch
	for ; todo != 0; todo &= todo - 1 {
		q := bits.TrailingZeros64(uint64(todo))
		c := branch{asleep: x.stillAsleep(asleep, q), last: q, left: b.left}
		if q != b.last {
			c.left -= cost
		}
		if c.left < 0 {
			continue
		}
		if s.o.Preemptions != unbounded {
			c.asleep = 0 // the other order may cost more
		} else {
			asleep |= 1 << q
		}
		c.order = append(append(make([]uint8, 0, len(b.order)+1), b.order...), uint8(q))
		if first < 0 {
			first, next = q, c
		} else {
			s.stack = append(s.stack, c)
			s.more.Signal()
		}
	}
	if first >= 0 {
		*b = next
		s.stats.Longest = max(s.stats.Longest, len(b.order))
	}
	return first, !known, nil
}

// go1 lets process p do its step.
func (x *execution) go1(p int) error {
	if x.procs[p].ended {
		return fmt.Errorf("process %s ended earlier than in the execution before: it is not deterministic", x.procs[p].name)
	}
	x.step(p)
	return nil
}

// stillAsleep returns those of the processes whose next operation commutes with
// that of p.
func (x *execution) stillAsleep(asleep set, p int) set {
	var still set
	for ; asleep != 0; asleep &= asleep - 1 {
		q := bits.TrailingZeros64(uint64(asleep))
		if q != p && !touch(x.procs[q].pending, x.procs[p].pending) {
			still |= 1 << q
		}
	}
	return still
}

// touch reports whether the order of the two operations may matter.
func touch(a, b op) bool {
	if !a.writes() && !b.writes() || a.name.Type != b.name.Type {
		return false
	}
	return a.kind == "list" || b.kind == "list" || a.name == b.name
}

func (o op) writes() bool { return o.kind == "put" || o.kind == "overwrite" || o.kind == "remove" }
