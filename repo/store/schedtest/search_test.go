package schedtest

import (
	"context"
	"fmt"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// rooms is a world of processes that each put, read and remove an object of
// their own, and then one that they share.
func rooms(procs int, visited func(string)) func() World {
	return func() World {
		done := make([]int, procs)
		w := World{Store: mem.New(), Check: func(context.Context) error { visited(fmt.Sprint(done)); return nil }}
		for i := range procs {
			own := store.Name{Type: store.Pack, Name: fmt.Sprintf("%064x", i+1)}
			shared := store.Name{Type: store.Index, Name: fmt.Sprintf("%064x", 9)}
			w.Procs = append(w.Procs, Proc{Name: fmt.Sprint("p", i), Run: func(ctx context.Context, s Store) error {
				for _, do := range []func() error{
					func() error { _, err := s.Put(ctx, own, nil); return err },
					func() error { _, err := s.Get(ctx, own, 0, -1); return err },
					func() error { _, err := s.Put(ctx, shared, nil); return err },
					func() error { return s.Remove(ctx, own) },
				} {
					if err := do(); err != nil {
						return err
					}
					done[i]++
				}
				return nil
			}})
		}
		return w
	}
}

// That steps which commute are not tried in both orders hides no state.
func TestSearchVisitsAllStates(t *testing.T) {
	for _, workers := range []int{1, 3} {
		seen := make(chan string, 10000)
		s := Explore(t, rooms(2, func(at string) { seen <- at }), Options{Workers: workers})
		close(seen)
		distinct := map[string]bool{}
		for at := range seen {
			distinct[at] = true
		}
		// Each of the two stands at one of 5 places, whatever the other does.
		if len(distinct) != 25 {
			t.Errorf("%d workers: %d places, want 25", workers, len(distinct))
		}
		if s.Executions >= s.States {
			t.Errorf("%d workers: %v: no order was spared", workers, s)
		}
	}
}

func TestPreemptions(t *testing.T) {
	last := 0
	for _, bound := range []int{1, 2, 3, 0} {
		s := Explore(t, rooms(2, func(string) {}), Options{Preemptions: bound})
		if bound > 0 && s.States <= last {
			t.Errorf("at most %d preemptions: %d states, not more than with fewer", bound, s.States)
		}
		last = s.States
	}
}
