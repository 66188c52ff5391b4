package schedtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// script is a process that draws each of its operations from what it was
// answered so far. At its end it notes all that it got, or with every other seed
// next to nothing, so that only the store tells what it did. With half of the
// seeds it forgets nearly all on its way, and tells what it still knows.
func script(seed uint64, i, length int) Proc {
	return Proc{Name: fmt.Sprint("p", i), Run: func(ctx context.Context, s Store) error {
		saw := fmt.Sprint(i)
		for step := range length {
			if seed/4%2 == 0 && step == length/2 {
				saw = fmt.Sprint(i, " ", step, " ", hash(saw)%2)
				s.Remember(saw)
			}
			rnd := rand.New(rand.NewPCG(seed, hash(saw)))
			t := []store.Type{store.Pack, store.Index, store.Log, store.Log, store.Snapshot}[rnd.IntN(5)]
			name := store.Name{Type: t, Name: fmt.Sprintf("%064x", rnd.IntN(2))}
			switch t {
			case store.Log:
				name = entry(rnd.IntN(2))
			case store.Snapshot:
				name.Name = fmt.Sprintf("%064x", 10+i) // its own
			}
			var err error
			switch what := rnd.IntN(5); {
			case what == 0 && t != store.Snapshot:
				var there []string // in no order that is promised
				err = s.List(ctx, t, func(i store.Info) error { there = append(there, fmt.Sprint(i.Name, i.Size)); return nil })
				slices.Sort(there)
				saw += fmt.Sprint(" list", there)
			case what == 1 && t != store.Log:
				saw += " removed"
				err = s.Remove(ctx, name)
			case what <= 2:
				var data []byte
				data, err = s.Get(ctx, name, int64(rnd.IntN(2)), int64(rnd.IntN(3)-1))
				saw += fmt.Sprintf(" %x", data)
				if errors.Is(err, store.ErrNotExist) {
					err = nil
					saw += " absent"
				}
			default:
				var made bool
				made, err = s.Put(ctx, name, fmt.Appendf(nil, "%x", hash(saw)))
				saw += fmt.Sprint(" ", made)
			}
			if err != nil {
				return err
			}
		}
		if seed/2%2 == 0 {
			saw = fmt.Sprint(hash(saw) % 2)
		}
		s.Note(saw)
		return nil
	}}
}

func hash(s string) (h uint64) {
	for _, b := range []byte(s) {
		h = mix(h, uint64(b))
	}
	return h
}

// final is what a world comes to when all processes have ended.
func final(m *mem.Store, notes []string) string {
	var all []string
	for _, t := range store.Types {
		_ = m.List(context.Background(), t, func(i store.Info) error { // of mem, which does not fail
			data, _ := m.Get(context.Background(), i.Name, 0, -1)
			all = append(all, fmt.Sprint(i.Name, "=", string(data)))
			return nil
		})
	}
	return strings.Join(append(all, notes...), "\n")
}

// finals are those that a search reaches.
func finals(t *testing.T, w World, o Options) map[string]bool {
	t.Helper()
	s := &search{w: w, o: o, checked: map[state]bool{}, rests: map[rest]uint32{}}
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
next:
	for _, x := range s.states.all {
		var notes []string
		for i := range w.Procs {
			p := s.places[x.at[i]]
			if !p.ended() {
				continue next
			}
			notes = append(notes, s.noted[p.notes]...)
		}
		all[final(s.contents[x.store].m, notes)] = true
	}
	return all
}

// turns is a store on which each operation waits for its process's turn.
type turns struct {
	*mem.Store
	turn chan chan struct{}
	note string
}

func (s *turns) wait() func() {
	done := <-s.turn
	return func() { close(done) }
}

func (s *turns) Put(ctx context.Context, n store.Name, data []byte) (bool, error) {
	defer s.wait()()
	return s.Store.Put(ctx, n, data)
}

func (s *turns) Get(ctx context.Context, n store.Name, off, count int64) ([]byte, error) {
	defer s.wait()()
	return s.Store.Get(ctx, n, off, count)
}

func (s *turns) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	defer s.wait()()
	return s.Store.List(ctx, t, fn)
}

func (s *turns) Remove(ctx context.Context, n store.Name) error {
	defer s.wait()()
	return s.Store.Remove(ctx, n)
}

func (s *turns) Overwrite(context.Context, store.Name, []byte) error {
	return errors.New("no process overwrites")
}

func (s *turns) Note(what string) { s.note = what }

func (s *turns) Remember(string) {}

// follow runs all processes at once on one store, in the order given.
func follow(t *testing.T, w World, order []int) string {
	m := w.Store.Clone()
	var all sync.WaitGroup
	on := make([]*turns, len(w.Procs))
	for i, p := range w.Procs {
		on[i] = &turns{Store: m, turn: make(chan chan struct{})}
		all.Go(func() {
			if err := p.Run(t.Context(), on[i]); err != nil {
				t.Error(err)
			}
		})
	}
	for _, p := range order {
		done := make(chan struct{})
		on[p].turn <- done
		<-done
	}
	all.Wait()
	var notes []string
	for _, s := range on {
		notes = append(notes, s.note)
	}
	return final(m, notes)
}

// orders calls fn with each order of so many steps of each process.
func orders(left []int, order []int, fn func([]int)) {
	ended := true
	for p := range left {
		if left[p] > 0 {
			ended = false
			left[p]--
			orders(left, append(order, p), fn)
			left[p]++
		}
	}
	if ended {
		fn(order)
	}
}

// On small worlds drawn at random the search ends in the same states as one that
// does nothing at once, and as running the processes side by side in each of all
// orders.
func TestSearchReachesAllFinalStates(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	spared, merged := 0, 0
	for round := range uint64(16) {
		procs, length := 3, 3
		if round%2 == 1 {
			procs, length = 2, 5
		}
		w := World{Store: mem.New(), Check: func(context.Context, *mem.Store, []string) error { return nil },
			Independent: func(_ string, n store.Name, _ func(store.Name) bool) bool { return n.Type == store.Snapshot }}
		w.Store.Replace(store.Name{Type: store.Pack, Name: fmt.Sprintf("%064x", 0)}, []byte("first"))
		var left []int
		for i := range procs {
			w.Procs = append(w.Procs, script(seed+round, i, length))
			left = append(left, length)
		}
		want := map[string]bool{}
		orders(left, nil, func(order []int) { want[follow(t, w, order)] = true })
		for _, o := range []Options{{}, {Workers: 3}, {Unreduced: true}, {Unmerged: true}, {Preemptions: 100}, {Again: 20, Seed: seed}} {
			if got := finals(t, w, o); !maps.Equal(got, want) {
				t.Fatalf("seed %d, %+v: %d final states, want %d:\n%s\nand not\n%s", seed+round, o, len(got), len(want),
					strings.Join(slices.Sorted(maps.Keys(got)), "\n\n"), strings.Join(slices.Sorted(maps.Keys(want)), "\n\n"))
			}
		}
		all, few := Explore(t, w, Options{Unreduced: true}), Explore(t, w, Options{})
		spared += all.States - few.States
		merged += few.Merged
	}
	if spared <= 0 {
		t.Error("doing steps at once spared no state: it is not tested")
	}
	if merged == 0 {
		t.Error("no process forgot anything: it is not tested")
	}
}

// What a process removes at its end is not forgotten where nothing else tells two
// orders apart.
func TestWhatIsLeftToDoIsToldApart(t *testing.T) {
	w := World{Store: mem.New(), Check: func(context.Context, *mem.Store, []string) error { return nil }}
	objects := []store.Name{entry(7), entry(8)}
	for _, n := range objects {
		w.Store.Replace(n, nil)
	}
	for i := range 2 {
		w.Procs = append(w.Procs, Proc{Name: fmt.Sprint("p", i), Run: func(ctx context.Context, s Store) error {
			made, err := s.Put(ctx, entry(0), nil)
			if err != nil || i == 1 {
				return err
			}
			if made {
				return s.Remove(ctx, objects[0])
			}
			return s.Remove(ctx, objects[1])
		}})
	}
	if got := finals(t, w, Options{}); len(got) != 2 {
		t.Errorf("%d final states, want 2", len(got))
	}
}
