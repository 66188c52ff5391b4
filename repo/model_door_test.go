package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"ivyvault/repo/store"
	"ivyvault/repo/store/schedtest"
)

// door is a process's store: the repository as it was at the beginning until the
// process runs, then what the scheduler gives it. Objects of snapshots are no
// steps: none is removed here that an entry names, and before an entry names
// one nobody looks at it.
type door struct {
	w       *world
	in      store.Store
	history func() uint64
	last    store.Name // what the last operation read, or zero
	stopped atomic.Bool
}

var _ store.Store = (*door)(nil)

func (d *door) at(n store.Name) store.Store {
	if n.Type == store.Snapshot {
		return d.w.m
	}
	return d.in
}

// note keeps that the execution is over. A process may answer that with another
// error of its own.
func (d *door) note(err error) error {
	if errors.Is(err, schedtest.ErrStopped) {
		d.stopped.Store(true)
	}
	return err
}

// Put implements store.Store.
func (d *door) Put(ctx context.Context, n store.Name, data []byte) (bool, error) {
	d.last = store.Name{}
	made, err := d.at(n).Put(ctx, n, data)
	d.w.changes.Add(1)
	return made, d.note(err)
}

// Get implements store.Store.
func (d *door) Get(ctx context.Context, n store.Name, off, count int64) ([]byte, error) {
	if d.w.brief && n == d.last {
		return d.w.m.Get(ctx, n, off, count)
	}
	d.last = n
	data, err := d.at(n).Get(ctx, n, off, count)
	return data, d.note(err)
}

// List implements store.Store.
func (d *door) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	d.last = store.Name{}
	if t == store.Snapshot {
		return nil
	}
	return d.note(d.in.List(ctx, t, fn))
}

// Remove implements store.Store.
func (d *door) Remove(ctx context.Context, n store.Name) error {
	defer d.w.changes.Add(1)
	d.last = store.Name{}
	return d.note(d.at(n).Remove(ctx, n))
}

// Close implements store.Store.
func (d *door) Close() error { return nil }

// same gives an object the bytes that it had in the first execution in which the
// process had come to the same point. Their names then are the same, and with
// them all orders by name.
func (d *door) same(t store.Type, obj []byte) []byte {
	k := sealing{d.history(), t}
	s := d.w.start
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.sealed[k]
	if !known {
		first = bytes.Clone(obj)
		s.sealed[k] = first
	}
	if len(first) != len(obj) && s.odd == nil {
		s.odd = fmt.Errorf("the search is worth nothing: a process made %d bytes of %s where it had made %d", len(obj), t, len(first))
	}
	return first
}
