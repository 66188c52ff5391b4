package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"ivyvault/repo/store"
)

func testPutGet(t *testing.T, s store.Store) {
	types := append(store.Types[:], store.Probe)
	for i, ty := range types {
		put(t, s, Name(ty, 1), Bytes(uint64(i), 100+i))
	}
	for i, ty := range types {
		wantBytes(t, s, Name(ty, 1), 0, -1, Bytes(uint64(i), 100+i))
		if m := list(t, s, ty); len(m) != 1 || m[Name(ty, 1)] != int64(100+i) {
			t.Errorf("list of %s: %v", ty, m)
		}
	}
}

func testPutTwice(t *testing.T, s store.Store) {
	for _, ty := range store.Types {
		put(t, s, Name(ty, 1), []byte("first"))
		for _, again := range []string{"first", "second", ""} {
			made, err := s.Put(t.Context(), Name(ty, 1), []byte(again))
			if err != nil || made {
				t.Errorf("put %q over %s: made %v, error %v; want false, nil", again, ty, made, err)
			}
		}
		wantBytes(t, s, Name(ty, 1), 0, -1, []byte("first"))
	}
}

func testPutKeepsNothing(t *testing.T, s store.Store) {
	b := Bytes(1, 5000)
	put(t, s, Name(store.Pack, 1), b)
	clear(b)
	wantBytes(t, s, Name(store.Pack, 1), 0, -1, Bytes(1, 5000))
}

func testGetOwned(t *testing.T, s store.Store) {
	put(t, s, Name(store.Pack, 1), Bytes(1, 5000))
	b, err := s.Get(t.Context(), Name(store.Pack, 1), 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	wantBytes(t, s, Name(store.Pack, 1), 0, -1, Bytes(1, 5000))
}

func testRanges(t *testing.T, s store.Store) {
	all := Bytes(3, 10_000)
	const size = 10_000
	tests := []struct {
		off, n   int64
		from, to int
	}{
		{0, -1, 0, size},
		{0, size, 0, size},
		{0, 0, 0, 0},
		{0, 1, 0, 1},
		{1, 1, 1, 2},
		{4096, 4096, 4096, 8192},
		{9999, 1, 9999, size},
		{9999, 2, 9999, size},
		{9990, -1, 9990, size},
		{size, -1, size, size},
		{size, 5, size, size},
		{size + 1, 5, size, size},
		{1 << 62, 1 << 62, size, size},
		{1, 1<<63 - 1, 1, size},
		{-1, -1, 9999, size},
		{-1, 1, 9999, size},
		{-1, 100, 9999, size},
		{-100, 10, 9900, 9910},
		{-100, 0, 9900, 9900},
		{-size, -1, 0, size},
		{-size - 1, -1, 0, size},
		{-1 << 62, -1, 0, size},
		{0, -1 << 62, 0, size},
	}
	for _, ty := range []store.Type{store.Pack, store.Snapshot, store.Config} {
		put(t, s, Name(ty, 1), all)
		for _, tt := range tests {
			wantBytes(t, s, Name(ty, 1), tt.off, tt.n, all[tt.from:tt.to])
		}
	}
}

func testEmpty(t *testing.T, s store.Store) {
	put(t, s, Name(store.Pack, 1), nil)
	for _, off := range []int64{-5, 0, 5} {
		for _, n := range []int64{-1, 0, 5} {
			wantBytes(t, s, Name(store.Pack, 1), off, n, nil)
		}
	}
	if m := list(t, s, store.Pack); len(m) != 1 {
		t.Errorf("list: %v", m)
	}
	if made, err := s.Put(t.Context(), Name(store.Pack, 1), []byte("x")); made || err != nil {
		t.Errorf("put over an empty object: made %v, error %v", made, err)
	}
}

func testAbsent(t *testing.T, s store.Store) {
	for _, ty := range store.Types {
		wantAbsent(t, s, Name(ty, 1))
		if m := list(t, s, ty); len(m) != 0 {
			t.Errorf("list of %s: %v", ty, m)
		}
		if err := s.Remove(t.Context(), Name(ty, 1)); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	if _, err := s.Get(t.Context(), Name(store.Pack, 1), 10, 0); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a get of no bytes of an absent object: %v", err)
	}
}

func testRemove(t *testing.T, s store.Store) {
	for _, ty := range store.Types {
		put(t, s, Name(ty, 1), []byte("one"))
		wantBytes(t, s, Name(ty, 1), 1, 1, []byte("n"))
		for range 2 {
			if err := s.Remove(t.Context(), Name(ty, 1)); err != nil {
				t.Fatalf("remove: %v", err)
			}
			wantAbsent(t, s, Name(ty, 1))
		}
		if m := list(t, s, ty); len(m) != 0 {
			t.Errorf("list of %s: %v", ty, m)
		}
		put(t, s, Name(ty, 1), []byte("two"))
		wantBytes(t, s, Name(ty, 1), 0, -1, []byte("two"))
	}
}

func testBadNames(t *testing.T, s store.Store) {
	hex := strings.Repeat("ab", 32)
	for _, n := range []store.Name{
		{}, {Type: "other", Name: hex}, {Type: store.Config, Name: hex}, {Type: store.Pack},
		{Type: store.Pack, Name: strings.ToUpper(hex)}, {Type: store.Pack, Name: hex[1:]},
		{Type: store.Key, Name: "../" + hex[3:]}, {Type: store.Index, Name: hex[:63] + "/"},
		{Type: store.Log, Name: "1"}, {Type: store.Log, Name: hex[:16]}, {Type: "..", Name: hex},
	} {
		if _, err := s.Put(t.Context(), n, nil); !errors.Is(err, store.ErrPermanent) {
			t.Errorf("put %q: %v, want a permanent error", n, err)
		}
		if _, err := s.Get(t.Context(), n, 0, -1); !errors.Is(err, store.ErrPermanent) {
			t.Errorf("get %q: %v, want a permanent error", n, err)
		}
		if err := s.Remove(t.Context(), n); !errors.Is(err, store.ErrPermanent) {
			t.Errorf("remove %q: %v, want a permanent error", n, err)
		}
	}
}

func testList(t *testing.T, s store.Store) {
	want := map[store.Name]int64{}
	for i := range 300 {
		put(t, s, Name(store.Pack, i), Bytes(1, i))
		want[Name(store.Pack, i)] = int64(i)
	}
	put(t, s, Name(store.Index, 1), nil)
	if got := list(t, s, store.Pack); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("list has %d objects or other sizes, want %d", len(got), len(want))
	}
}

func testListStops(t *testing.T, s store.Store) {
	for i := range 5 {
		put(t, s, Name(store.Pack, i), nil)
	}
	stop, calls := errors.New("stop"), 0
	err := s.List(t.Context(), store.Pack, func(store.Info) error {
		calls++
		if calls == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || calls != 2 {
		t.Errorf("list: error %v after %d calls", err, calls)
	}
	// A callback may use the store.
	err = s.List(t.Context(), store.Pack, func(i store.Info) error { return s.Remove(t.Context(), i.Name) })
	if err != nil || len(list(t, s, store.Pack)) != 0 {
		t.Errorf("removing while listing: %v", err)
	}
}

// testListDuringPuts: what was there before must be listed, whole; what comes
// meanwhile may be.
func testListDuringPuts(t *testing.T, s store.Store) {
	const before, meanwhile = 20, 60
	for i := range before {
		put(t, s, Name(store.Index, i), Bytes(1, 777))
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := before; i < before+meanwhile; i++ {
			if _, err := s.Put(t.Context(), Name(store.Index, i), Bytes(1, 777)); err != nil {
				t.Errorf("put: %v", err)
			}
		}
	})
	for range 10 {
		m := list(t, s, store.Index)
		for i := range before {
			if _, ok := m[Name(store.Index, i)]; !ok {
				t.Errorf("object %d was missed", i)
			}
		}
		for n, size := range m {
			if size != 777 {
				t.Errorf("%s was listed with %d bytes", n, size)
			}
		}
	}
	wg.Wait()
}

func testBig(t *testing.T, s store.Store) {
	b := Bytes(5, 20<<20+13)
	put(t, s, Name(store.Pack, 1), b)
	wantBytes(t, s, Name(store.Pack, 1), 0, -1, b)
	wantBytes(t, s, Name(store.Pack, 1), 17<<20, 1<<20, b[17<<20:18<<20])
	wantBytes(t, s, Name(store.Pack, 1), -4096, -1, b[len(b)-4096:])
}
