// Package storetest holds what every store.Store must do, as tests.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"ivyvault/repo/store"
)

// Run tests the contract. open returns an empty store that is the test's own;
// Run closes it.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	tests := []struct {
		name string
		fn   func(*testing.T, store.Store)
	}{
		{"PutGet", testPutGet},
		{"PutTwice", testPutTwice},
		{"PutKeepsNothing", testPutKeepsNothing},
		{"CallerOwnsWhatGetReturns", testGetOwned},
		{"Ranges", testRanges},
		{"Empty", testEmpty},
		{"Absent", testAbsent},
		{"Remove", testRemove},
		{"BadNames", testBadNames},
		{"List", testList},
		{"ListStops", testListStops},
		{"ListDuringPuts", testListDuringPuts},
		{"Big", testBig},
		{"Cancelled", testCancelled},
		{"SixteenRacingPuts", testRace},
		{"ReadersSeeWholeObjects", testWhole},
		{"Probe", testProbe},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			tt.fn(t, s)
		})
	}
}

// Name returns the n-th name of a type for tests; the config has only one.
func Name(t store.Type, n int) store.Name {
	switch t {
	case store.Config:
		return store.Name{Type: t}
	case store.Log:
		return store.Name{Type: t, Name: fmt.Sprintf("%016d", n)}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", t, n))
	return store.Name{Type: t, Name: hex.EncodeToString(sum[:])}
}

// Bytes returns n bytes that follow from seed.
func Bytes(seed uint64, n int) []byte {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

func put(t *testing.T, s store.Store, name store.Name, data []byte) {
	t.Helper()
	made, err := s.Put(t.Context(), name, data)
	if err != nil || !made {
		t.Fatalf("put %s: made %v, error %v; want true, nil", name, made, err)
	}
}

func wantBytes(t *testing.T, s store.Store, name store.Name, off, n int64, want []byte) {
	t.Helper()
	got, err := s.Get(t.Context(), name, off, n)
	if err != nil {
		t.Fatalf("get %s off %d n %d: %v", name, off, n, err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("get %s off %d n %d: %d bytes, not the %d wanted", name, off, n, len(got), len(want))
	}
}

func wantAbsent(t *testing.T, s store.Store, name store.Name) {
	t.Helper()
	if _, err := s.Get(t.Context(), name, 0, -1); !errors.Is(err, store.ErrNotExist) {
		t.Fatalf("get %s: error %v, want one that Is ErrNotExist", name, err)
	}
}

func list(t *testing.T, s store.Store, ty store.Type) map[store.Name]int64 {
	t.Helper()
	m := map[store.Name]int64{}
	err := s.List(t.Context(), ty, func(i store.Info) error {
		if _, twice := m[i.Name]; twice {
			t.Errorf("list: %s came twice", i.Name)
		}
		if i.Name.Type != ty {
			t.Errorf("list of %s: got %s", ty, i.Name)
		}
		m[i.Name] = i.Size
		return nil
	})
	if err != nil {
		t.Fatalf("list %s: %v", ty, err)
	}
	return m
}

func testCancelled(t *testing.T, s store.Store) {
	put(t, s, Name(store.Pack, 1), []byte("there"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, Name(store.Pack, 2), []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Get(ctx, Name(store.Pack, 1), 0, -1); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
	if err := s.List(ctx, store.Pack, func(store.Info) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}
	if err := s.Remove(ctx, Name(store.Pack, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("remove: %v", err)
	}
	wantAbsent(t, s, Name(store.Pack, 2))
	wantBytes(t, s, Name(store.Pack, 1), 0, -1, []byte("there"))
}

func testRace(t *testing.T, s store.Store) {
	for round := range 8 {
		for _, ty := range []store.Type{store.Log, store.Pack} {
			race(t, s, Name(ty, round))
		}
	}
}

func race(t *testing.T, s store.Store, name store.Name) {
	const racers = 16
	var (
		wg   sync.WaitGroup
		gate = make(chan struct{})
		made [racers]bool
		errs [racers]error
		data [racers][]byte
	)
	for i := range racers {
		data[i] = Bytes(uint64(i), 1000+i)
		wg.Go(func() {
			<-gate
			made[i], errs[i] = s.Put(t.Context(), name, data[i])
		})
	}
	close(gate)
	wg.Wait()
	winner := -1
	for i := range racers {
		if errs[i] != nil {
			t.Fatalf("racing put %d of %s: %v", i, name, errs[i])
		}
		if made[i] && winner >= 0 {
			t.Fatalf("%s: puts %d and %d both made it", name, winner, i)
		}
		if made[i] {
			winner = i
		}
	}
	if winner < 0 {
		t.Fatalf("%s: no put made it", name)
	}
	wantBytes(t, s, name, 0, -1, data[winner])
}

// testWhole reads names while they are put: absent or whole, never a part.
func testWhole(t *testing.T, s store.Store) {
	const objects = 12
	var wg sync.WaitGroup
	done := make(chan struct{})
	for i := range objects {
		wg.Go(func() {
			for stop := false; !stop; {
				select {
				case <-done:
					stop = true
				default:
				}
				b, err := s.Get(t.Context(), Name(store.Index, i), 0, -1)
				if err != nil && !errors.Is(err, store.ErrNotExist) {
					t.Errorf("get: %v", err)
					return
				}
				if err == nil && !bytes.Equal(b, Bytes(uint64(i), 50_000)) {
					t.Errorf("object %d was seen with %d bytes that are not its own", i, len(b))
					return
				}
			}
		})
	}
	for i := range objects {
		if _, err := s.Put(t.Context(), Name(store.Index, i), Bytes(uint64(i), 50_000)); err != nil {
			t.Errorf("put: %v", err)
		}
	}
	close(done)
	wg.Wait()
}

func testProbe(t *testing.T, s store.Store) {
	if err := store.ProbePutIfAbsent(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, ty := range append(store.Types[:], store.Probe) {
		if m := list(t, s, ty); len(m) != 0 {
			t.Errorf("the probe left %d objects among the %s", len(m), ty)
		}
	}
}
