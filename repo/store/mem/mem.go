// Package mem keeps a repository's objects in memory.
//
// Promise: it fulfils store.Store's contract, but for surviving the process.
// It is the medium of tests and of trials; Clone and Replace let these fork a
// repository and damage it.
package mem

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"ivyvault/repo/store"
)

// Store is a medium in memory. The zero value is not usable; see New.
type Store struct {
	mu      sync.RWMutex
	objects map[store.Name][]byte // values are never written to
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return &Store{objects: map[store.Name][]byte{}} }

// Clone returns an independent store that holds the same objects.
func (s *Store) Clone() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &Store{objects: maps.Clone(s.objects)}
}

// Replace puts data under name whether or not an object is there. No Store does
// that: it is for tests that damage or roll back a repository.
func (s *Store) Replace(name store.Name, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[name] = bytes.Clone(data)
}

// Size returns the number of all objects and of their bytes.
func (s *Store) Size() (objects int, size int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, b := range s.objects {
		size += int64(len(b))
	}
	return len(s.objects), size
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	if err := begin(ctx, "put", name); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.objects[name]; there {
		return false, nil
	}
	s.objects[name] = bytes.Clone(data)
	return true, nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	if err := begin(ctx, "get", name); err != nil {
		return nil, err
	}
	s.mu.RLock()
	b, there := s.objects[name]
	s.mu.RUnlock()
	if !there {
		return nil, &store.Error{Op: "get", Name: name, Err: store.ErrNotExist}
	}
	from, count := store.Range(int64(len(b)), off, n)
	return append(make([]byte, 0, count), b[from:from+count]...), nil
}

// List implements store.Store. It lists what was there at the call, by name.
func (s *Store) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	var all []store.Info
	s.mu.RLock()
	for n, b := range s.objects {
		if n.Type == t {
			all = append(all, store.Info{Name: n, Size: int64(len(b))})
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(all, func(a, b store.Info) int { return strings.Compare(a.Name.Name, b.Name.Name) })
	for _, i := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(i); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name store.Name) error {
	if err := begin(ctx, "remove", name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, name)
	return nil
}

// Close implements store.Store. The objects stay for who still holds the store.
func (s *Store) Close() error { return nil }

func begin(ctx context.Context, op string, name store.Name) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return name.Check(op)
}
