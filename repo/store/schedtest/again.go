package schedtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
)

// again runs processes on from some of the places that recall made one with
// another, see Options.Again. Each goes its own way up to its place, and from
// there the way of the other place, which it would leave where it knew more than
// it told.
func (s *search) again(ctx context.Context) error {
	var merged []uint32
	for n, p := range s.places {
		if p.knows != 0 && p.as != uint32(n) {
			merged = append(merged, uint32(n))
		}
	}
	if len(merged) == 0 {
		return nil
	}
	rnd := rand.New(rand.NewPCG(s.o.Seed, uint64(len(merged))))
	for range s.o.Again {
		n := merged[rnd.IntN(len(merged))]
		if err := s.runOn(ctx, n, rnd); err != nil {
			return fmt.Errorf("%s, which knows more than it told by Remember: %w (seed %d)", s.w.Procs[s.places[n].proc].Name, err, s.o.Seed)
		}
	}
	return nil
}

func (s *search) runOn(ctx context.Context, n uint32, rnd *rand.Rand) error {
	path := s.path(n)
	to := s.places[s.places[n].as]
	for !to.ended() {
		var ways []uint32
		for c := to.child; c != 0; c = s.places[c].next {
			ways = append(ways, c)
		}
		if len(ways) == 0 {
			break // the search was bounded
		}
		way := s.places[ways[rnd.IntN(len(ways))]]
		path = append(path, passed{to.op, &s.answers[way.answer]})
		to = s.places[way.as]
	}
	g := s.start(ctx, to.proc, path)
	defer close(g.over)
	a := <-g.asks
	switch {
	case a.odd != nil:
		return a.odd
	case (a.op == nil) != to.ended() || a.op != nil && !a.op.is(to.op):
		return fmt.Errorf("after %d operations it wants something else", len(path))
	case !slices.Equal(a.notes, s.noted[to.notes]):
		return fmt.Errorf("after %d operations it noted %q, not %q", len(path), a.notes, s.noted[to.notes])
	case fmt.Sprint(a.err) != fmt.Sprint(to.err):
		return fmt.Errorf("after %d operations it ended with %v, not %v", len(path), a.err, to.err)
	}
	return nil
}
