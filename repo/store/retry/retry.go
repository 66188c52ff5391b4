// Package retry is a Store that tries failed operations of another again.
//
// Promise: an error that may pass is tried again, with pauses that grow and are
// spread by chance; one that Is store.ErrPermanent or store.ErrNotExist is returned
// at once, and so is any once the context has ended. A put whose answer was lost is settled by
// reading the name: our bytes there mean that the put made the object.
package retry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ivyvault/repo/store"
)

// Options say how often and how patiently to try. The zero value of a field
// takes the default.
type Options struct {
	Attempts int           // in all; 8
	First    time.Duration // the longest first pause; 250 ms; each next one is twice as long
	Max      time.Duration // no pause is longer; 30 s
	// Notify, if set, is told of each failure that is followed by a pause. It
	// may be called concurrently.
	Notify func(op string, name store.Name, err error, pause time.Duration)
	// Sleep, if set, pauses in place of the clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Store tries again. See New.
type Store struct {
	under store.Store
	o     Options
}

var _ store.Wrapper = (*Store)(nil)

// New returns a store over under, which it closes when it is closed.
func New(under store.Store, o Options) *Store {
	if o.Attempts <= 0 {
		o.Attempts = 8
	}
	if o.First <= 0 {
		o.First = 250 * time.Millisecond
	}
	if o.Max <= 0 {
		o.Max = 30 * time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &Store{under, o}
}

// Unwrap implements store.Wrapper.
func (s *Store) Unwrap() store.Store { return s.under }

// Close implements store.Store.
func (s *Store) Close() error { return s.under.Close() }

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, name store.Name, off, n int64) (b []byte, err error) {
	err = s.try(ctx, "get", name, func() error {
		b, err = s.under.Get(ctx, name, off, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name store.Name) error {
	return s.try(ctx, "remove", name, func() error { return s.under.Remove(ctx, name) })
}

// Put implements store.Store. After an attempt that failed, the object may be
// there by that very attempt, now or only later (a request can linger). So from
// then on 'was there' is not taken as it is: the object is read, and where it
// holds data, made is true. Two writers that put the same bytes under one name
// can therefore both be told that they made it; where only one may be, as in
// the log, the bytes must hold something that is the writer's own.
func (s *Store) Put(ctx context.Context, name store.Name, data []byte) (made bool, err error) {
	uncertain, settled := false, false
	err = s.try(ctx, "put", name, func() error {
		if uncertain {
			made, err = s.holds(ctx, name, data)
			if err == nil {
				settled = true
				return nil
			}
			if !errors.Is(err, store.ErrNotExist) {
				return err
			}
		}
		made, err = s.under.Put(ctx, name, data)
		if err != nil {
			uncertain = true
			return notAbsent(err)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if made || !uncertain || settled {
		return made, nil
	}
	// The last attempt found an object that the read before it did not find:
	// another writer's, or that of an attempt whose effect came late.
	err = s.try(ctx, "get", name, func() error {
		made, err = s.holds(ctx, name, data)
		return err
	})
	if errors.Is(err, store.ErrNotExist) {
		return false, nil // removed meanwhile: it was there, whoever made it
	}
	return made && err == nil, err
}

// holds says whether the object holds exactly data.
func (s *Store) holds(ctx context.Context, name store.Name, data []byte) (bool, error) {
	b, err := s.under.Get(ctx, name, 0, int64(len(data))+1)
	return err == nil && bytes.Equal(b, data), err
}

// notAbsent hides that a failed put Is ErrNotExist (a directory that went, a
// bucket not there yet), which would read as an answer about the object.
func notAbsent(err error) error {
	if !errors.Is(err, store.ErrNotExist) || errors.Is(err, store.ErrPermanent) {
		return err
	}
	return fmt.Errorf("%v", err)
}

// List implements store.Store. Where a list breaks off and is begun again, fn
// is not called for what it was called for before.
func (s *Store) List(ctx context.Context, t store.Type, fn func(store.Info) error) error {
	var stopped error
	seen := newSeen()
	err := s.try(ctx, "list", store.Name{Type: t}, func() error {
		err := s.under.List(ctx, t, func(i store.Info) error {
			if !seen.add(i.Name.Name) {
				return nil
			}
			stopped = fn(i)
			return stopped
		})
		if stopped != nil {
			return nil // the callback's error ends the list and is no failure
		}
		return err
	})
	if stopped != nil {
		return stopped
	}
	return err
}

// try calls fn until it succeeds, fails for good, or was tried often enough.
func (s *Store) try(ctx context.Context, op string, name store.Name, fn func() error) error {
	for n := 1; ; n++ {
		err := fn()
		if err == nil || final(err) {
			return err
		}
		// A deadline that a request below set itself may pass; ctx's own is final.
		if e := ctx.Err(); e != nil {
			return e
		}
		if n >= s.o.Attempts {
			return fmt.Errorf("gave up after %d attempts: %w", n, err)
		}
		pause := s.pause(n)
		if s.o.Notify != nil {
			s.o.Notify(op, name, err, pause)
		}
		if e := s.o.Sleep(ctx, pause); e != nil {
			return fmt.Errorf("%w (while pausing after: %v)", e, err)
		}
	}
}

func final(err error) bool {
	return errors.Is(err, store.ErrPermanent) || errors.Is(err, store.ErrNotExist)
}

// pause is between half and all of the n-th longest pause, so that many clients
// that failed together do not come back together.
func (s *Store) pause(n int) time.Duration {
	d := s.o.Max
	if n <= 30 && s.o.First<<(n-1) < d && s.o.First<<(n-1) > 0 {
		d = s.o.First << (n - 1)
	}
	return d/2 + rand.N(d/2+1)
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
