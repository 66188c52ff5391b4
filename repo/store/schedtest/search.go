package schedtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"ivyvault/repo/store"
)

// Search is Explore for who expects a violation: it ends at the first one. The
// error says that the search could not be completed.
func Search(ctx context.Context, w World, o Options) (Stats, error) {
	s := &search{w: w, o: o, checked: map[state]bool{}, rests: map[rest]uint32{}}
	err := s.run(ctx)
	s.stats.States, s.stats.Stores, s.stats.Places = len(s.states.all), len(s.contents), len(s.places)
	return s.stats, err
}

func (s *search) run(ctx context.Context) error {
	if s.o.MaxStates == 0 {
		s.o.MaxStates = 200_000_000
	}
	if len(s.w.Procs) > most {
		return fmt.Errorf("a search takes at most %d processes, not %d", most, len(s.w.Procs))
	}
	defer s.running.Wait()
	defer s.waiting.end()
	err := s.begin(ctx)
	for err == nil && len(s.ready) > 0 && s.stats.Violation == nil {
		err = s.proceed(ctx)
	}
	if err == nil && s.stats.Violation == nil {
		err = s.again(ctx)
	}
	return err
}

type search struct {
	media
	w World
	o Options

	places   []*place
	rests    map[rest]uint32 // places by what follows
	waiting  waiting
	running  sync.WaitGroup // processes
	memories numbers[string]
	notes    numbers[string] // quoted
	noted    [][]string      // by the same number
	states   states
	ready    []uint32 // states whose steps are to be followed
	moves    []move   // from them, not at their end
	unknown  []uint32 // places that are to be found out about
	checked  map[state]bool
	checks   []check
	stats    Stats
}

// move is a step on its way to the state in which nothing is to be done at once.
type move struct {
	to   state
	from cause
}

// check is a look at what the store holds and at what was noted.
type check struct {
	what state // in the places' stead the notes
	move move
	err  error
}

// begin enters the first state.
func (s *search) begin(ctx context.Context) error {
	first := state{last: -1, left: int8(s.o.Preemptions)}
	var objects []object
	for _, t := range store.Types {
		err := s.w.Store.List(ctx, t, func(i store.Info) error {
			data, err := s.w.Store.Get(ctx, i.Name, 0, -1)
			if err != nil {
				return err
			}
			var o object
			o.name, _ = s.names.number(i.Name)
			o.data, _ = s.datas.number(string(data))
			objects = append(objects, o)
			return nil
		})
		if err != nil {
			return err
		}
	}
	first.store = s.add(objects, s.w.Store.Clone)
	for i := range s.w.Procs {
		first.at[i] = s.place(i, uint32(len(s.places)), 0)
	}
	s.moves = []move{{first, cause{proc: -1}}}
	return s.settle(ctx)
}

// batch is how many states are gone on from at once. The newest come first:
// then the processes that have just come to a place go on from there, and few
// must be run from their start.
const batch = 256

// proceed follows all steps from the newest states that are ready.
func (s *search) proceed(ctx context.Context) error {
	from := max(0, len(s.ready)-batch)
	ready := slices.Clone(s.ready[from:])
	s.ready = s.ready[:from]
	for _, n := range ready {
		x := s.states.all[n]
		for p := range s.w.Procs {
			if s.places[x.at[p]].ended() {
				continue
			}
			if y := x; s.may(&y, p) {
				s.stats.Steps++
				s.enter(move{s.next(y, p), cause{n, int8(p), s.states.from[n].depth + 1}})
			}
		}
	}
	if len(s.states.all) > s.o.MaxStates {
		return fmt.Errorf("gave up after %d states", s.o.MaxStates)
	}
	return s.settle(ctx)
}

// may reports whether process p may do the next step, within the bound on
// preemptions, and notes in x that it does.
func (s *search) may(x *state, p int) bool {
	if s.o.Preemptions == 0 {
		return true
	}
	if x.last >= 0 && int(x.last) != p && !s.places[x.at[x.last]].ended() {
		x.left--
	}
	x.last = int8(p)
	return x.left >= 0
}

// next returns the state after process p did its step in x.
func (s *search) next(x state, p int) state {
	n := x.at[p]
	here := s.places[n]
	done := s.effect(x.store, here)
	after, known := s.after(here, done.answer)
	if !known {
		after = s.place(p, n, done.answer)
	}
	x.store, x.at[p] = done.to, after
	return x
}

// effect is do, once for each operation on the same contents.
func (s *search) effect(c uint32, p *place) step {
	here := s.contents[c]
	done, known := here.steps[p.number]
	if !known {
		done = s.do(c, p.op)
		done.alone = s.alone(c, p.op)
		here.steps[p.number] = done
	}
	return done
}

// enter takes the move on to the state in which nothing is left that is to be
// done at once, and adds that state. Where it comes to a place that is unknown
// it leaves the move for later.
func (s *search) enter(m move) {
	for {
		for i, at := range m.to.at[:len(s.w.Procs)] {
			p := s.places[at]
			if !p.found {
				s.moves = append(s.moves, m)
				return
			}
			m.to.at[i] = p.as
		}
		s.look(m)
		p := s.first(m.to)
		if p < 0 {
			break
		}
		m.to = s.next(m.to, p)
	}
	if n, fresh := s.states.add(m.to, m.from); fresh {
		s.ready = append(s.ready, n)
		s.stats.Longest = max(s.stats.Longest, int(m.from.depth))
	}
}

// look leaves the state for a check unless there was one of the same.
func (s *search) look(m move) {
	what := state{store: m.to.store}
	for i := range s.w.Procs {
		what.at[i] = s.places[m.to.at[i]].notes
	}
	if !s.checked[what] {
		s.checked[what] = true
		s.checks = append(s.checks, check{what: what, move: m})
	}
}

// settle finds out about the unknown places and enters the moves that waited
// for them, until none waits; and does the checks.
func (s *search) settle(ctx context.Context) error {
	for len(s.moves) > 0 {
		if err := s.explore(ctx); err != nil {
			return err
		}
		moves := s.moves
		s.moves = nil
		for _, m := range moves {
			s.enter(m)
		}
	}
	checks := s.checks
	s.checks = nil
	s.parallel(len(checks), func(i int) { checks[i].err = s.check(ctx, checks[i].what) })
	for _, c := range checks {
		s.stats.Checks++
		if c.err != nil && s.stats.Violation == nil {
			s.stats.Violation = &Violation{c.err, s.order(c)}
		}
	}
	return ctx.Err()
}

func (s *search) check(ctx context.Context, what state) error {
	var notes []string
	for i := range s.w.Procs {
		notes = append(notes, s.noted[what.at[i]]...)
	}
	return s.w.Check(ctx, s.contents[what.store].m, notes)
}

// parallel calls fn with 0 to n-1 from as many goroutines as there are workers.
func (s *search) parallel(n int, fn func(int)) {
	var at atomic.Int64
	var all sync.WaitGroup
	for range min(max(s.o.Workers, 1), n) {
		all.Go(func() {
			for i := int(at.Add(1)) - 1; i < n; i = int(at.Add(1)) - 1 {
				fn(i)
			}
		})
	}
	all.Wait()
}
