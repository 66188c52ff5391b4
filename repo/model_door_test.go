package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"ivyvault/repo/store"
	"ivyvault/repo/store/schedtest"
)

// door is a process's store: the repository as it was at the beginning while the
// process gets ready, then what the scheduler gives it.
type door struct {
	s       *start
	in      store.Store
	name    string
	mind    mind // nil before it begins to write or prune
	stopped atomic.Bool
	mu      sync.Mutex
	sealed  map[sealing]int
}

var _ store.Store = (*door)(nil)

// note keeps that the execution is over. A process may answer that with another
// error of its own.
func (d *door) note(err error) error {
	if errors.Is(err, schedtest.ErrStopped) {
		d.stopped.Store(true)
	}
	return err
}

// made returns what decides the names of what the process makes from now on: how
// often it made what says the same. Of entries of the log none is made twice, as
// its place in the log is part of what it says.
func (d *door) made() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for k, n := range d.sealed {
		if k.t != store.Log {
			all = append(all, fmt.Sprint(k.t, n, k.says))
		}
	}
	slices.Sort(all)
	return all
}

// Put implements store.Store.
func (d *door) Put(ctx context.Context, n store.Name, data []byte) (bool, error) {
	made, err := d.in.Put(ctx, n, data)
	return made, d.note(err)
}

// Get implements store.Store.
func (d *door) Get(ctx context.Context, n store.Name, off, count int64) ([]byte, error) {
	known := d.mind == nil || n.Type == store.Log || n.Type == store.Index
	if !known {
		d.mind.begins()
	}
	data, err := d.in.Get(ctx, n, off, count)
	if !known {
		d.mind.read(n, off, count, err)
	}
	return data, d.note(err)
}

// List implements store.Store.
func (d *door) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	if t == store.Snapshot {
		return nil
	}
	if d.mind == nil {
		return d.note(d.in.List(ctx, t, fn))
	}
	d.mind.begins()
	var there []store.Name
	err := d.in.List(ctx, t, func(i store.Info) error {
		there = append(there, i.Name)
		return fn(i)
	})
	d.mind.listed(t, there)
	return d.note(err)
}

// Remove implements store.Store.
func (d *door) Remove(ctx context.Context, n store.Name) error {
	return d.note(d.in.Remove(ctx, n))
}

// Close implements store.Store.
func (d *door) Close() error { return nil }

// same gives an object the bytes that the process gave first to one that said
// the same. Its name then is the same in all orders, and who reads it knows the
// same. No two objects of one order become one by that: a second one that says
// the same is told from the first.
func (d *door) same(t store.Type, obj []byte) []byte {
	s := d.s
	says, err := s.full.Meaning(t, obj)
	d.mu.Lock()
	k := sealing{d.name, t, string(says), 0}
	d.sealed[k]++
	k.n = d.sealed[k]
	d.mu.Unlock()
	if t == store.Log && d.mind != nil {
		d.mind.appends(says)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.odd = errors.Join(s.odd, err)
		return obj
	}
	first, known := s.sealed[k]
	if !known {
		first = bytes.Clone(obj)
		s.sealed[k] = first
	}
	if len(first) != len(obj) {
		s.odd = errors.Join(s.odd, fmt.Errorf("the search is worth nothing: a process made %d bytes of %s where it had made %d of what says the same", len(obj), t, len(first)))
	}
	return first
}
