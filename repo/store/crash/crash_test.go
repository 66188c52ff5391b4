package crash_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/crash"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return crash.New(mem.New(), 1) })
}

func there(t *testing.T, s store.Store, name store.Name) bool {
	t.Helper()
	_, err := s.Get(t.Context(), name, 0, -1)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// The put in flight is there or not, by the seed; what came before is there,
// and what comes after fails.
func TestCrashInAPut(t *testing.T) {
	kept := 0
	const seeds = 64
	for seed := range uint64(seeds) {
		s := crash.New(mem.New(), seed)
		s.CrashAt(3)
		for i := range 5 {
			made, err := s.Put(t.Context(), storetest.Name(store.Pack, i), []byte("x"))
			if (i < 2) != (err == nil && made) || err != nil && !errors.Is(err, crash.ErrCrashed) {
				t.Fatalf("seed %d: put %d: made %v, error %v", seed, i, made, err)
			}
		}
		if !s.Crashed() || s.Writes() != 3 {
			t.Fatalf("crashed %v after %d writes", s.Crashed(), s.Writes())
		}
		if _, err := s.Get(t.Context(), storetest.Name(store.Pack, 0), 0, -1); !errors.Is(err, store.ErrPermanent) {
			t.Fatalf("get after the crash: %v", err)
		}
		m := s.Crash()
		for i := range 5 {
			if got := there(t, m, storetest.Name(store.Pack, i)); got != (i < 2) && i != 2 {
				t.Fatalf("seed %d: pack %d is there: %v", seed, i, got)
			}
		}
		if there(t, m, storetest.Name(store.Pack, 2)) {
			kept++
		}
	}
	if kept == 0 || kept == seeds {
		t.Errorf("the put in flight was kept in %d of %d crashes", kept, seeds)
	}
}

func TestRemovedObjectsMayComeBack(t *testing.T) {
	back := 0
	const seeds = 64
	for seed := range uint64(seeds) {
		m := mem.New()
		m.Replace(storetest.Name(store.Pack, 1), []byte("x"))
		s := crash.New(m, seed)
		if err := s.Remove(t.Context(), storetest.Name(store.Pack, 1)); err != nil {
			t.Fatal(err)
		}
		if there(t, s, storetest.Name(store.Pack, 1)) {
			t.Fatal("a removed object can be seen")
		}
		if there(t, s.Crash(), storetest.Name(store.Pack, 1)) {
			back++
		}
	}
	if back == 0 || back == seeds {
		t.Errorf("the removed object came back in %d of %d crashes", back, seeds)
	}
}

// One seed decides the same twice.
func TestSeedDecides(t *testing.T) {
	left := func(seed uint64) string {
		m := mem.New()
		for i := range 20 {
			m.Replace(storetest.Name(store.Index, i), nil)
		}
		s := crash.New(m, seed)
		for i := range 20 {
			if err := s.Remove(t.Context(), storetest.Name(store.Index, i)); err != nil {
				t.Fatal(err)
			}
		}
		var names []store.Name
		if err := s.Crash().List(t.Context(), store.Index, func(i store.Info) error {
			names = append(names, i.Name)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(names)
	}
	if a, b := left(7), left(7); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if left(7) == left(8) {
		t.Error("two seeds left the same of twenty objects")
	}
}

// Whatever a racing writer was told, made or was there, survives the crash with
// the bytes of one writer.
func TestWhatWasAnsweredSurvives(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(40) {
		s := crash.New(mem.New(), seed+round)
		s.CrashAt(50)
		var (
			wg       sync.WaitGroup
			mu       sync.Mutex
			promised = map[int]bool{}
		)
		for w := range 4 {
			wg.Go(func() {
				for i := range 20 {
					if _, err := s.Put(t.Context(), storetest.Name(store.Log, i), storetest.Bytes(uint64(w), 50)); err == nil {
						mu.Lock()
						promised[i] = true
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		m := s.Crash()
		for i := range promised {
			b, err := m.Get(t.Context(), storetest.Name(store.Log, i), 0, -1)
			if err != nil {
				t.Fatalf("round %d: entry %d was promised: %v", round, i, err)
			}
			whole := false
			for w := range uint64(4) {
				whole = whole || bytes.Equal(b, storetest.Bytes(w, 50))
			}
			if !whole {
				t.Fatalf("round %d: entry %d holds nobody's bytes", round, i)
			}
		}
	}
}
