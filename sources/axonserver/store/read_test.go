package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/axonserver/store"
)

type fsFile = fstest.MapFile

// read returns tokens and errors, in their order.
func read(t *testing.T, s *axontest.Store, q store.Query) (got []string) {
	t.Helper()
	found, err := store.Find(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for f, err := range found.Contexts[0].Read(t.Context(), s, q) {
		if err != nil {
			var fe *store.FileError
			if !errors.As(err, &fe) {
				t.Error(err)
			}
			got = append(got, err.Error())
			continue
		}
		got = append(got, fmt.Sprint(f.Token))
	}
	return got
}

func tokens(from, to, step int) (list []string) {
	for i := from; i <= to; i += step {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

func TestRead(t *testing.T) {
	s, _ := orders("default")
	for name, c := range map[string]struct {
		q    store.Query
		want []string
	}{
		"all":             {store.Query{To: -1}, tokens(0, 999, 1)},
		"a range":         {store.Query{From: 320, To: 340}, tokens(320, 340, 1)},
		"one":             {store.Query{From: 999, To: 999}, tokens(999, 999, 1)},
		"behind the end":  {store.Query{From: 1000, To: -1}, nil},
		"an aggregate":    {store.Query{Aggregate: "order-3", To: -1}, tokens(3, 999, 5)},
		"part of it":      {store.Query{Aggregate: "order-3", From: 10, To: 30}, tokens(13, 30, 5)},
		"nobody":          {store.Query{Aggregate: "order-33", To: -1}, nil},
		"its snapshots":   {store.Query{Kind: segment.Snapshots, Aggregate: "order-3", To: -1}, []string{"3", "8"}},
		"some snapshots":  {store.Query{Kind: segment.Snapshots, From: 4, To: 6}, tokens(4, 6, 1)},
		"nothing between": {store.Query{From: 6, To: 5}, nil},
	} {
		if got := read(t, s, c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Reading goes on behind what is damaged or missing, and names it in its place.
func TestReadPastDamage(t *testing.T) {
	s, files := orders("default")
	data := slices.Clone(files[0].Data)
	data[30] ^= 1
	s.Put(s.Name(0, 0, ".events"), data)
	delete(s.MapFS, s.Name(files[2].First, 0, ".events"))
	got := read(t, s, store.Query{To: -1})
	if !strings.Contains(got[0], "checksum") || got[1] != "3" || len(got) != 2+1000-3-int(files[2].Events) {
		t.Errorf("%d: %v", len(got), got[:3])
	}
	want := fmt.Sprintf("%s: the tokens %d to %d are missing before this segment", s.Name(files[3].First, 0, ".events"), files[2].First, files[3].First-1)
	if !slices.Contains(got, want) {
		t.Errorf("no %q", want)
	}
	if got := read(t, s, store.Query{From: 1, To: 3}); len(got) != 2 || got[1] != "3" {
		t.Errorf("%v", got)
	}
	if got := read(t, s, store.Query{From: files[2].First, To: files[3].First}); len(got) != 2 || !strings.Contains(got[0], "are missing") {
		t.Errorf("%v", got)
	}
	if got := read(t, s, store.Query{From: files[2].First + 1, To: -1, Aggregate: "order-1"}); !strings.Contains(got[0], "are missing") {
		t.Errorf("%v", got[0])
	}
}

// A real aggregate's history.
func TestReadReal(t *testing.T) {
	real := axontest.Real(t)
	found, err := store.Find(t.Context(), real)
	if err != nil {
		t.Fatal(err)
	}
	var sequences []int64
	for f, err := range found.Contexts[0].Read(t.Context(), real, store.Query{Aggregate: "order-002393", To: -1}) {
		if err != nil {
			t.Fatal(err)
		}
		e := f.Event
		sequences = append(sequences, e.Sequence)
		if e.AggregateType != "Order" || e.MetaData["traceId"] != "t-2393" || !strings.HasPrefix(string(e.Payload.Data), `{"order":2393,`) || e.Payload.Revision != "1" || e.Timestamp < 1795000000000 {
			t.Errorf("%+v", e)
		}
	}
	if fmt.Sprint(sequences) != "[0 1 2 3 4 5 6 7 8 9]" {
		t.Errorf("%v", sequences)
	}
}
