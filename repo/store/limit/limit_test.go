package limit

import (
	"context"
	"errors"
	"testing"
	"time"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/storetest"
)

// clock is a time that passes only while somebody sleeps.
type clock struct{ now time.Time }

func (c *clock) bucket(kib int) *Bucket {
	b := NewBucket(kib)
	b.now = func() time.Time { return c.now }
	b.sleep = func(ctx context.Context, d time.Duration) error {
		c.now = c.now.Add(d)
		return ctx.Err()
	}
	return b
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return New(mem.New(), NewBucket(64<<20), NewBucket(64<<20))
	})
	storetest.Run(t, func(*testing.T) store.Store { return New(mem.New(), nil, NewBucket(0)) })
}

func TestRate(t *testing.T) {
	c := &clock{now: time.Unix(1000, 0)}
	start := c.now
	s := New(mem.New(), c.bucket(100), c.bucket(50))
	name := storetest.Name(store.Pack, 1)
	want := func(after time.Duration) {
		t.Helper()
		if d := c.now.Sub(start) - after; d < -time.Millisecond || d > time.Millisecond {
			t.Errorf("at %v, want %v", c.now.Sub(start), after)
		}
	}
	if _, err := s.Put(t.Context(), name, make([]byte, 300<<10)); err != nil {
		t.Fatal(err)
	}
	want(3 * time.Second)
	if _, err := s.Get(t.Context(), name, 0, 100<<10); err != nil {
		t.Fatal(err)
	}
	want(5 * time.Second)
	c.now = c.now.Add(time.Hour) // is not saved up
	if _, err := s.Get(t.Context(), name, -100<<10, -1); err != nil {
		t.Fatal(err)
	}
	want(time.Hour + 7*time.Second)
	if err := s.List(t.Context(), store.Pack, func(store.Info) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	want(time.Hour + 7*time.Second)
}

func TestCancelledWaitGivesItsBytesBack(t *testing.T) {
	c := &clock{now: time.Unix(1000, 0)}
	b := c.bucket(1)
	ctx, cancel := context.WithCancel(t.Context())
	b.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	if err := b.Wait(ctx, 1<<20); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if !b.free.Equal(c.now) {
		t.Errorf("%v are still owed", b.free.Sub(c.now))
	}
}

// An index file or a log entry does not wait behind the packs that do; what
// comes after pays for it.
func TestSmallAndUrgentGoesAhead(t *testing.T) {
	c := &clock{now: time.Unix(1000, 0)}
	start := c.now
	up := c.bucket(100)
	s := New(mem.New(), up, nil)
	up.free = start.Add(10 * time.Second) // packs wait
	if _, err := s.Put(t.Context(), storetest.Name(store.Index, 1), make([]byte, 50<<10)); err != nil {
		t.Fatal(err)
	}
	if d := c.now.Sub(start); d != time.Second/2 {
		t.Errorf("an index file took %v, want what its own bytes take", d)
	}
	if _, err := s.Put(t.Context(), storetest.Name(store.Pack, 1), make([]byte, 100<<10)); err != nil {
		t.Fatal(err)
	}
	if d := c.now.Sub(start); d != 11500*time.Millisecond {
		t.Errorf("the next pack was done after %v, want 11.5s", d)
	}
}
