package storetest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/storetest"
)

const brokenEnv = "IVYVAULT_TEST_BROKEN_STORE"

// Each of these breaks one promise of store.Store.

type replaces struct{ *mem.Store }

func (s replaces) Put(_ context.Context, n store.Name, b []byte) (bool, error) {
	s.Replace(n, b)
	return true, nil
}

type checksThenPuts struct{ *mem.Store }

func (s checksThenPuts) Put(ctx context.Context, n store.Name, b []byte) (bool, error) {
	if err := errors.Join(ctx.Err(), n.Check("put")); err != nil {
		return false, err
	}
	if _, err := s.Get(ctx, n, 0, 0); err == nil {
		return false, nil
	}
	runtime.Gosched() // so that the gap is found on one processor, too
	s.Replace(n, b)
	return true, nil
}

type ignoresRanges struct{ *mem.Store }

func (s ignoresRanges) Get(ctx context.Context, n store.Name, _, _ int64) ([]byte, error) {
	return s.Store.Get(ctx, n, 0, -1)
}

type minds struct{ *mem.Store }

func (s minds) Remove(ctx context.Context, n store.Name) error {
	if _, err := s.Get(ctx, n, 0, 0); err != nil {
		return err
	}
	return s.Store.Remove(ctx, n)
}

type deafToCancel struct{ *mem.Store }

func (s deafToCancel) Put(_ context.Context, n store.Name, b []byte) (bool, error) {
	return s.Store.Put(context.Background(), n, b)
}

type listsNothing struct{ *mem.Store }

func (listsNothing) List(ctx context.Context, _ store.Type, _ func(store.Info) error) error {
	return ctx.Err()
}

func broken() map[string]func() store.Store {
	return map[string]func() store.Store{
		"replaces":       func() store.Store { return replaces{mem.New()} },
		"checksThenPuts": func() store.Store { return checksThenPuts{mem.New()} },
		"ignoresRanges":  func() store.Store { return ignoresRanges{mem.New()} },
		"minds":          func() store.Store { return minds{mem.New()} },
		"deafToCancel":   func() store.Store { return deafToCancel{mem.New()} },
		"listsNothing":   func() store.Store { return listsNothing{mem.New()} },
	}
}

// TestBroken is run by TestSuiteFindsBrokenStores, as a process of its own.
func TestBroken(t *testing.T) {
	open, ok := broken()[os.Getenv(brokenEnv)]
	if !ok {
		t.Skip("runs only as a child of TestSuiteFindsBrokenStores")
	}
	storetest.Run(t, func(*testing.T) store.Store { return open() })
}

func TestSuiteFindsBrokenStores(t *testing.T) {
	if os.Getenv(brokenEnv) != "" {
		t.Skip("this is a child")
	}
	for name := range broken() {
		c := exec.Command(os.Args[0], "-test.run=^TestBroken$", "-test.count=1")
		c.Env = append(os.Environ(), brokenEnv+"="+name)
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--- FAIL: TestBroken/") {
			t.Errorf("a store that breaks its promise (%s) passed: %v\n%s", name, err, out)
		}
	}
}
