package schedtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

func entry(n int) store.Name { return store.Name{Type: store.Log, Name: fmt.Sprintf("%016d", n)} }

// slots lets each process win one slot of its own by put-if-absent.
func slots(procs int, racy bool) World {
	w := World{Store: mem.New(), Check: func(_ context.Context, _ *mem.Store, notes []string) error {
		won := map[string]int{}
		for _, slot := range notes {
			if won[slot]++; won[slot] > 1 {
				return fmt.Errorf("slot %s was won %d times", slot, won[slot])
			}
		}
		return nil
	}}
	for i := range procs {
		w.Procs = append(w.Procs, Proc{Name: fmt.Sprint("p", i), Run: func(ctx context.Context, s Store) error {
			var on store.Store = s
			if racy {
				on = Racy{s}
			}
			for slot := 0; ; slot++ {
				made, err := on.Put(ctx, entry(slot), []byte{byte(i)})
				if err != nil {
					return err
				}
				if made {
					s.Note(fmt.Sprint(slot))
					return nil
				}
			}
		}})
	}
	return w
}

func TestExploreVisitsAllOrders(t *testing.T) {
	// Who wins which slot, in which order the losers go on: for two processes
	// begin, one of two won, the other has lost, and then has won too.
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

// What a process does that is not decided by its answers would make the search
// worth nothing, so it ends with an error.
func TestSearchRefusesChance(t *testing.T) {
	draws := byte(0)
	w := slots(2, false)
	w.Procs[1].Run = func(ctx context.Context, s Store) error {
		draws++
		if _, err := s.Put(ctx, entry(0), []byte{draws}); err != nil {
			return err
		}
		_, err := s.Get(ctx, entry(0), 0, -1)
		return err
	}
	if _, err := Search(t.Context(), w, Options{}); err == nil || !strings.Contains(err.Error(), "p1: a process is not deterministic") {
		t.Error(err)
	}
}

// A process that knows more than it tells by Remember would hide what it does
// with that.
func TestSearchRefusesSecrets(t *testing.T) {
	for name, operations := range map[string]int{"at its next operation": 0, "later": 1} {
		t.Run(name, func(t *testing.T) {
			w := slots(2, false)
			w.Procs[1].Run = func(ctx context.Context, s Store) error {
				made, err := s.Put(ctx, entry(0), []byte{1})
				if err != nil {
					return err
				}
				s.Remember("nothing")
				for i := range operations {
					if _, err := s.Put(ctx, entry(i+5), nil); err != nil {
						return err
					}
				}
				if made {
					return s.Remove(ctx, entry(7))
				}
				return s.Remove(ctx, entry(8))
			}
			_, err := Search(t.Context(), w, Options{Again: 20})
			if err == nil || !strings.Contains(err.Error(), "p1") || !strings.Contains(err.Error(), "more than it told") {
				t.Error(err)
			}
		})
	}
}
