package store_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/storetest"
)

// careless is a medium whose put is not put-if-absent.
type careless struct{ *mem.Store }

func (c careless) Put(ctx context.Context, n store.Name, b []byte) (bool, error) {
	c.Replace(n, b)
	return true, nil
}

// deaf is a medium that keeps the first object and lets each put believe that
// it lost.
type deaf struct{ *mem.Store }

func (d deaf) Put(ctx context.Context, n store.Name, b []byte) (bool, error) {
	_, err := d.Store.Put(ctx, n, b)
	return false, err
}

// swapped tells who won truly, but keeps other bytes.
type swapped struct{ *mem.Store }

func (s swapped) Put(ctx context.Context, n store.Name, b []byte) (bool, error) {
	made, err := s.Store.Put(ctx, n, b)
	s.Replace(n, b)
	return made, err
}

func TestProbeFindsMediaThatAreNotAtomic(t *testing.T) {
	for name, s := range map[string]store.Store{
		"careless": careless{mem.New()}, "deaf": deaf{mem.New()}, "swapped": swapped{mem.New()},
	} {
		err := store.ProbePutIfAbsent(t.Context(), s)
		if !errors.Is(err, store.ErrNotAtomic) {
			t.Errorf("%s: %v, want ErrNotAtomic", name, err)
		}
		left := 0
		if err := s.List(t.Context(), store.Probe, func(store.Info) error { left++; return nil }); err != nil || left != 0 {
			t.Errorf("%s: the probe left %d objects; list: %v", name, left, err)
		}
	}
}

func TestProbeReportsTheStoresError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.ProbePutIfAbsent(ctx, mem.New()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type over struct{ store.Store }

func (o over) Unwrap() store.Store { return o.Store }

func TestAbilityLooksThroughWrappers(t *testing.T) {
	type cloner interface{ Clone() *mem.Store }
	if _, ok := store.Ability[cloner](over{over{mem.New()}}); !ok {
		t.Error("the ability of the lowest store was not found")
	}
	if _, ok := store.Ability[interface{ Fly() }](over{mem.New()}); ok {
		t.Error("an ability was found that nobody has")
	}
}

func TestErrorIsWhatItWraps(t *testing.T) {
	name := storetest.Name(store.Pack, 1)
	err := error(&store.Error{Op: "put", Name: name, Hint: "the disk is full", Permanent: true, Err: fs.ErrPermission})
	if !errors.Is(err, store.ErrPermanent) || !errors.Is(err, fs.ErrPermission) || errors.Is(err, store.ErrNotExist) {
		t.Errorf("%v Is the wrong things", err)
	}
	if s := err.Error(); !strings.Contains(s, name.String()) || !strings.Contains(s, "the disk is full") {
		t.Errorf("%q lacks the name or the sentence", s)
	}
	err = &store.Error{Op: "put", Name: name, Err: fs.ErrPermission}
	if errors.Is(err, store.ErrPermanent) {
		t.Error("an error that is not permanent Is ErrPermanent")
	}
}
