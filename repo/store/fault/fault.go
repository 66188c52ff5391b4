// Package fault is a Store that lets chosen operations of another fail.
//
// Nouns: a Plan says which operation fails and whether it took effect first.
//
// Promise: with the zero Plan nothing fails and operations are only counted, so
// that a test can run once to learn how many points there are and then fail at
// each of them.
package fault

import (
	"context"
	"errors"
	"sync"

	"ivyvault/repo/store"
)

// Verb is a set of operations.
type Verb uint8

// The operations.
const (
	Put Verb = 1 << iota
	Get
	List
	Remove
	All   = Put | Get | List | Remove
	Write = Put | Remove
)

// ErrInjected is what a planned failure Is where the Plan has no Err.
var ErrInjected = errors.New("injected fault")

// Plan says what fails.
type Plan struct {
	N     int        // the N-th matching operation, from 1; 0 is none
	Verbs Verb       // those that match; 0 is All
	Type  store.Type // the family that matches; "" is any
	After bool       // fail after the operation took effect, else in its place
	Stuck bool       // every operation after it fails too, without effect: the store is gone
	Err   error      // what it fails with; ErrInjected where nil
}

// Store lets operations fail. See New.
type Store struct {
	under store.Store

	mu    sync.Mutex
	plan  Plan
	count int
	fired int
}

var _ store.Wrapper = (*Store)(nil)

// New returns a store over under, which it closes when it is closed.
func New(under store.Store, p Plan) *Store { return &Store{under: under, plan: p} }

// Arm replaces the plan and begins to count anew.
func (s *Store) Arm(p Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.count, s.fired = p, 0, 0
}

// Count returns how many operations matched the plan.
func (s *Store) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Fired says whether the planned failure took place.
func (s *Store) Fired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fired > 0
}

// point counts an operation and returns the errors with which it has to fail
// before, or after, it took effect.
func (s *Store) point(v Verb, op string, name store.Name) (before, after error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plan
	fail := p.Err
	if fail == nil {
		fail = ErrInjected
	}
	err := &store.Error{Op: op, Name: name, Err: fail, Permanent: errors.Is(fail, store.ErrPermanent)}
	if p.Stuck && s.fired > 0 {
		return err, nil
	}
	if p.Verbs != 0 && p.Verbs&v == 0 || p.Type != "" && p.Type != name.Type {
		return nil, nil
	}
	s.count++
	if s.count != p.N {
		return nil, nil
	}
	s.fired++
	if p.After {
		return nil, err
	}
	return err, nil
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	before, after := s.point(Put, "put", name)
	if before != nil {
		return false, before
	}
	made, err := s.under.Put(ctx, name, data)
	if err == nil && after != nil {
		return false, after
	}
	return made, err
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	before, after := s.point(Get, "get", name)
	if before != nil {
		return nil, before
	}
	b, err := s.under.Get(ctx, name, off, n)
	if err == nil && after != nil {
		return nil, after
	}
	return b, err
}

// List implements store.Store. Failing after means after the last callback.
func (s *Store) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	before, after := s.point(List, "list", store.Name{Type: t})
	if before != nil {
		return before
	}
	err := s.under.List(ctx, t, fn)
	if err == nil && after != nil {
		return after
	}
	return err
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name store.Name) error {
	before, after := s.point(Remove, "remove", name)
	if before != nil {
		return before
	}
	err := s.under.Remove(ctx, name)
	if err == nil && after != nil {
		return after
	}
	return err
}

// Unwrap implements store.Wrapper.
func (s *Store) Unwrap() store.Store { return s.under }

// Close implements store.Store. It never fails by plan.
func (s *Store) Close() error { return s.under.Close() }
