// Package limit is a Store that keeps another's traffic below a rate.
//
// Promise: over any time longer than one operation no more bytes pass than the
// rate allows. An operation's bytes themselves pass at once, because the store
// below sends and receives them whole; a store that talks to a network can slow
// these down too, by giving its connections the same Bucket.
package limit

import (
	"context"
	"sync"
	"time"

	"ivyvault/repo/store"
)

// Store limits. See New.
type Store struct {
	under    store.Store
	up, down *Bucket
}

var _ store.Wrapper = (*Store)(nil)

// New returns a store over under, which it closes when it is closed. A nil
// bucket sets no limit.
func New(under store.Store, up, down *Bucket) *Store { return &Store{under, up, down} }

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	wait := s.up.Wait
	if name.Type != store.Pack {
		wait = s.up.Ahead // it says which packs are there, and would wait behind the next ones
	}
	if err := wait(ctx, len(data)); err != nil {
		return false, err
	}
	return s.under.Put(ctx, name, data)
}

// Get implements store.Store. It returns when the rate has paid for its bytes,
// whose number is not known before.
func (s *Store) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	b, err := s.under.Get(ctx, name, off, n)
	if err != nil {
		return nil, err
	}
	if err := s.down.Wait(ctx, len(b)); err != nil {
		return nil, err
	}
	return b, nil
}

// List implements store.Store. It is not limited.
func (s *Store) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	return s.under.List(ctx, t, fn)
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name store.Name) error { return s.under.Remove(ctx, name) }

// Unwrap implements store.Wrapper.
func (s *Store) Unwrap() store.Store { return s.under }

// Close implements store.Store.
func (s *Store) Close() error { return s.under.Close() }

// Bucket hands out bytes at a rate. A nil Bucket has no limit. Its methods may
// be called concurrently.
type Bucket struct {
	perSecond float64
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error

	mu   sync.Mutex
	free time.Time // when all that was handed out is paid for
}

// NewBucket returns a bucket of kib KiB a second, nil where kib is 0 or less.
func NewBucket(kib int) *Bucket {
	if kib <= 0 {
		return nil
	}
	return &Bucket{perSecond: float64(kib) * 1024, now: time.Now, sleep: sleep}
}

// Wait returns when n bytes are paid for, after all that were asked for before,
// or with ctx's error; the bytes are then given back.
func (b *Bucket) Wait(ctx context.Context, n int) error { return b.wait(ctx, n, false) }

// Ahead is Wait for what is small and urgent: it waits for its own bytes only,
// and those that wait already are not held up; who comes later pays for it.
func (b *Bucket) Ahead(ctx context.Context, n int) error { return b.wait(ctx, n, true) }

func (b *Bucket) wait(ctx context.Context, n int, ahead bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b == nil || n <= 0 {
		return nil
	}
	cost := time.Duration(float64(n) / b.perSecond * float64(time.Second))
	b.mu.Lock()
	now := b.now()
	if b.free.Before(now) {
		b.free = now // time that passed unused is not saved up
	}
	b.free = b.free.Add(cost)
	pause := b.free.Sub(now)
	if ahead {
		pause = cost
	}
	b.mu.Unlock()
	err := b.sleep(ctx, pause)
	if err != nil {
		b.mu.Lock()
		b.free = b.free.Add(-cost)
		b.mu.Unlock()
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
