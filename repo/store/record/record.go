// Package record is a Store that writes a line for each operation of another.
//
// Nouns: an alias is a short name given to an object by the order in which the
// names of its family were first seen: packs/1, packs/2.
//
// Promise: with aliases and without sizes the lines of a run with one writer
// depend only on what it did, not on keys or chance, so that they can be held
// in a golden file.
package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"ivyvault/repo/store"
)

// Options say what stands in the lines.
type Options struct {
	Alias  bool // aliases in place of names of hexadecimal digits
	Sizes  bool // bytes put, got and listed
	Writes bool // puts and removes only
}

// Store records. See New.
type Store struct {
	under store.Store
	o     Options

	mu    sync.Mutex
	w     io.Writer
	alias map[store.Name]string
	last  map[store.Type]int
	err   error
}

var _ store.Wrapper = (*Store)(nil)

// New returns a store over under, which it closes when it is closed. A line is
// written when its operation is done; lines are never mixed.
func New(under store.Store, w io.Writer, o Options) *Store {
	return &Store{under: under, o: o, w: w, alias: map[store.Name]string{}, last: map[store.Type]int{}}
}

// Err returns the first error of the writer.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Alias returns what the lines call the object.
func (s *Store) Alias(name store.Name) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.call(name)
}

// call is Alias for who holds mu. Log entries are short and stable by nature.
func (s *Store) call(name store.Name) string {
	if !s.o.Alias || name.Name == "" || name.Type == store.Log {
		return name.String()
	}
	a, ok := s.alias[name]
	if !ok {
		s.last[name.Type]++
		a = fmt.Sprintf("%s/%d", name.Type, s.last[name.Type])
		s.alias[name] = a
	}
	return a
}

// line writes: verb, object, what was asked and answered, the error if any.
func (s *Store) line(verb string, name store.Name, answer string, err error) {
	if err != nil {
		answer = "failed"
		if errors.Is(err, store.ErrNotExist) {
			answer = "absent"
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, e := fmt.Fprintf(s.w, "%s %s: %s\n", verb, s.call(name), answer); e != nil && s.err == nil {
		s.err = e
	}
}

func (s *Store) sized(answer string, n int64) string {
	if !s.o.Sizes {
		return answer
	}
	return fmt.Sprintf("%s, %d bytes", answer, n)
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	made, err := s.under.Put(ctx, name, data)
	answer := "was there"
	if made {
		answer = "made"
	}
	s.line("put", name, s.sized(answer, int64(len(data))), err)
	return made, err
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	b, err := s.under.Get(ctx, name, off, n)
	if !s.o.Writes {
		answer := "got"
		if s.o.Sizes {
			answer = fmt.Sprintf("got from %d", off)
		}
		s.line("get", name, s.sized(answer, int64(len(b))), err)
	}
	return b, err
}

// List implements store.Store. Its line comes before those of its callbacks.
func (s *Store) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	if !s.o.Writes {
		s.line("list", store.Name{Type: t}, "begun", nil)
	}
	return s.under.List(ctx, t, fn)
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name store.Name) error {
	err := s.under.Remove(ctx, name)
	s.line("remove", name, "removed", err)
	return err
}

// Unwrap implements store.Wrapper.
func (s *Store) Unwrap() store.Store { return s.under }

// Close implements store.Store.
func (s *Store) Close() error { return s.under.Close() }
