// Package crash is a store in memory whose machine can stop at any operation.
//
// Nouns: what is volatile can be seen by everybody but was not promised to
// anybody yet; what is durable survives.
//
// Promise: a put is volatile from its beginning and durable once it returned
// nil. A crash decides by the seed, for each object that is volatile, whether
// it is there afterwards, and for each that was removed, whether it is back:
// removals are never promised. From the crash on every operation fails.
package crash

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// ErrCrashed is what operations fail with from the crash on. It Is
// store.ErrPermanent.
var ErrCrashed error = crashed{}

type crashed struct{}

func (crashed) Error() string        { return "the machine has stopped" }
func (crashed) Is(target error) bool { return target == store.ErrPermanent }

// Store is a medium whose machine can stop. See New.
type Store struct {
	mu       sync.Mutex
	now      *mem.Store // what everybody sees
	volatile map[store.Name]struct{}
	removed  map[store.Name][]byte
	rnd      *rand.Rand
	writes   int
	crashAt  int
	after    *mem.Store // nil until the crash
}

var _ store.Store = (*Store)(nil)

// New returns a store that begins with what medium holds, which it takes over,
// and whose crash is decided by seed.
func New(medium *mem.Store, seed uint64) *Store {
	return &Store{
		now: medium, volatile: map[store.Name]struct{}{}, removed: map[store.Name][]byte{},
		rnd: rand.New(rand.NewPCG(seed, 0x6976797661756c74)),
	}
}

// CrashAt lets the machine stop in the n-th put or remove from now, from 1, when
// it took effect but before it returns.
func (s *Store) CrashAt(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes, s.crashAt = 0, n
}

// Writes returns the number of puts and removes since New or CrashAt.
func (s *Store) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Crash stops the machine, if it has not stopped yet, and returns the medium as
// it is found afterwards.
func (s *Store) Crash() *mem.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	return s.after
}

// Crashed says whether the machine has stopped.
func (s *Store) Crashed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.after != nil
}

// stop decides what is left. Names are taken in order, so that one seed decides
// the same whatever the order of a map. The caller holds mu.
func (s *Store) stop() {
	if s.after != nil {
		return
	}
	ctx := context.Background()
	left := s.now.Clone()
	for _, n := range sorted(s.volatile) {
		if s.rnd.IntN(2) == 0 {
			_ = left.Remove(ctx, n) // memory of known names: it can't fail
		}
	}
	for _, n := range sorted(s.removed) {
		if s.rnd.IntN(2) == 0 {
			_, _ = left.Put(ctx, n, s.removed[n])
		}
	}
	s.after = left
}

func sorted[V any](m map[store.Name]V) []store.Name {
	var names []store.Name
	for n := range m {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b store.Name) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return names
}

// write runs a put or a remove up to where its effect can be seen. It returns
// ErrCrashed where the machine has stopped, or stops in it.
func (s *Store) write(effect func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.after != nil {
		return ErrCrashed
	}
	if err := effect(); err != nil {
		return err
	}
	s.writes++
	if s.writes == s.crashAt {
		s.stop()
		return ErrCrashed
	}
	return nil
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name store.Name, data []byte) (made bool, err error) {
	err = s.write(func() error {
		if made, err = s.now.Put(ctx, name, data); made {
			s.volatile[name] = struct{}{}
		}
		return err
	})
	if err != nil {
		return false, err
	}
	runtime.Gosched() // others may see the object, and a crash may come, before it is durable
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.after != nil {
		return false, ErrCrashed
	}
	// Whoever was told "was there" relies on it: one put's return is enough.
	delete(s.volatile, name)
	return made, nil
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name store.Name) error {
	return s.write(func() error {
		b, err := s.now.Get(ctx, name, 0, -1)
		if errors.Is(err, store.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		delete(s.volatile, name) // from here on its fate is that of removed ones
		s.removed[name] = b
		return s.now.Remove(ctx, name)
	})
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	if s.Crashed() {
		return nil, ErrCrashed
	}
	return s.now.Get(ctx, name, off, n)
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	if s.Crashed() {
		return ErrCrashed
	}
	return s.now.List(ctx, t, fn)
}

// Close implements store.Store.
func (s *Store) Close() error { return nil }
