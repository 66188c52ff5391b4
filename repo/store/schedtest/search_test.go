package schedtest

import (
	"context"
	"fmt"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// rooms is a world of processes that each put, read and remove an object of
// their own, and in between put one that they share.
func rooms(procs int) World {
	w := World{Store: mem.New(), Check: func(context.Context, *mem.Store, []string) error { return nil }}
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
			}
			return nil
		}})
	}
	return w
}

func TestSearchVisitsAllStates(t *testing.T) {
	for _, workers := range []int{1, 3} {
		s := Explore(t, rooms(2), Options{Workers: workers, Unreduced: true})
		// Each of the two stands at one of 5 places, whatever the other does;
		// where both have put what they share, either was the first.
		if want := 25 + 4; s.States != want {
			t.Errorf("%d workers: %d states, want %d", workers, s.States, want)
		}
		// Who has only its own to remove does that whoever was the first.
		s = Explore(t, rooms(2), Options{Workers: workers})
		if want := 25; s.States != want {
			t.Errorf("%d workers, reduced: %d states, want %d", workers, s.States, want)
		}
	}
}
