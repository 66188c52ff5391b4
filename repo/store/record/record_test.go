package record_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/record"
	"ivyvault/repo/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return record.New(mem.New(), io.Discard, record.Options{Alias: true})
	})
}

func run(t *testing.T, o record.Options) string {
	t.Helper()
	var w bytes.Buffer
	s := record.New(mem.New(), &w, o)
	a, b, l := storetest.Name(store.Pack, 1), storetest.Name(store.Pack, 2), storetest.Name(store.Log, 3)
	ctx := t.Context()
	_, e1 := s.Put(ctx, a, []byte("four"))
	_, e2 := s.Get(ctx, b, 0, -1)
	_, e3 := s.Put(ctx, a, []byte("four"))
	_, e4 := s.Put(ctx, l, nil)
	_, e5 := s.Get(ctx, a, 1, 2)
	e6 := s.List(ctx, store.Pack, func(store.Info) error { return nil })
	e7 := s.Remove(ctx, a)
	if err := errors.Join(e1, e3, e4, e5, e6, e7, s.Err()); err != nil || !errors.Is(e2, store.ErrNotExist) {
		t.Fatal(err, e2)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Put(done, store.Name{Type: store.Config}, nil); err == nil {
		t.Fatal("no error")
	}
	return w.String()
}

func TestLines(t *testing.T) {
	a := storetest.Name(store.Pack, 1).String()
	tests := []struct {
		o    record.Options
		want string
	}{
		{record.Options{Alias: true, Sizes: true}, `put packs/1: made, 4 bytes
get packs/2: absent
put packs/1: was there, 4 bytes
put log/0000000000000003: made, 0 bytes
get packs/1: got from 1, 2 bytes
list packs: begun
remove packs/1: removed
put config: failed
`},
		{record.Options{Writes: true}, `put ` + a + `: made
put ` + a + `: was there
put log/0000000000000003: made
remove ` + a + `: removed
put config: failed
`},
	}
	for _, tt := range tests {
		if got := run(t, tt.o); got != tt.want {
			t.Errorf("%+v wrote\n%swant\n%s", tt.o, got, tt.want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriterErrorIsKept(t *testing.T) {
	s := record.New(mem.New(), full{}, record.Options{})
	if err := s.Remove(t.Context(), store.Name{Type: store.Config}); err != nil {
		t.Fatal(err)
	}
	if s.Err() == nil {
		t.Error("the writer's error was lost")
	}
}
