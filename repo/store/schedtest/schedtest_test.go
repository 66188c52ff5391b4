package schedtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

func entry(n int) store.Name { return store.Name{Type: store.Log, Name: fmt.Sprintf("%016d", n)} }

// slots lets each process win one slot of its own by put-if-absent.
func slots(procs int, racy bool) func() World {
	return func() World {
		won := map[int]int{}
		w := World{Store: mem.New(), Check: func(context.Context) error {
			for slot, n := range won {
				if n > 1 {
					return fmt.Errorf("slot %d was won %d times", slot, n)
				}
			}
			return nil
		}}
		for i := range procs {
			w.Procs = append(w.Procs, Proc{Name: fmt.Sprint("p", i), Run: func(ctx context.Context, s Store) error {
				if racy {
					s = Racy{s}
				}
				for slot := 0; ; slot++ {
					made, err := s.Put(ctx, entry(slot), []byte{byte(i)})
					if err != nil {
						return err
					}
					if made {
						won[slot]++
						return nil
					}
				}
			}})
		}
		return w
	}
}

func TestExploreVisitsAllOrders(t *testing.T) {
	// Who wins which slot, in which order the losers go on: for two processes
	// begin, one of two won, and then the other too.
	if s := Explore(t, slots(2, false), Options{}); s.States != 7 {
		t.Errorf("%d states, want 7", s.States)
	}
	if s := Explore(t, slots(4, false), Options{}); s.States <= 7 {
		t.Errorf("%d states", s.States)
	}
}

func TestSearchFindsRace(t *testing.T) {
	s, err := Search(t.Context(), slots(2, true), Options{})
	if err != nil || s.Violation == nil {
		t.Fatalf("%v, %v", s, err)
	}
	if text := s.Violation.Error(); !strings.Contains(text, "slot 0 was won 2 times") || !strings.Contains(text, "p1: overwrite log/0000000000000000: done") {
		t.Error(text)
	}
}

func TestSearchGivesUp(t *testing.T) {
	if _, err := Search(t.Context(), slots(3, false), Options{MaxStates: 3}); err == nil {
		t.Error("a search over too many states ended without an error")
	}
}

// A process whose objects have random names and bytes has as many states as one
// whose objects have not.
func TestSearchIgnoresRandomBytes(t *testing.T) {
	draws := 0
	count := func(random bool) int {
		s := Explore(t, func() World {
			w := World{Store: mem.New(), Check: func(context.Context) error { return nil }}
			for i := range 2 {
				w.Procs = append(w.Procs, Proc{Name: fmt.Sprint("p", i), Run: func(ctx context.Context, s Store) error {
					draw := i
					if random {
						draws++
						draw = draws*2 + i
					}
					name := store.Name{Type: store.Pack, Name: fmt.Sprintf("%064x", draw)}
					if _, err := s.Put(ctx, name, []byte{byte(draw)}); err != nil {
						return err
					}
					err := s.List(ctx, store.Pack, func(i store.Info) error {
						_, err := s.Get(ctx, i.Name, 0, -1)
						return err
					})
					return errors.Join(err, s.Remove(ctx, name))
				}})
			}
			return w
		}, Options{})
		return s.States
	}
	if a, b := count(false), count(true); a != b {
		t.Errorf("%d states with fixed names, %d with random ones", a, b)
	}
}
