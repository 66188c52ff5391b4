package versions

import (
	"bytes"
	"reflect"
	"testing"

	"ivyvault/chunk"
)

func FuzzSpan(f *testing.F) {
	for _, s := range []Span{
		{Chain: 0, From: 0, To: Open, State: State{Kind: 2}},
		{Chain: 300, From: 70000, To: 70001, State: State{Kind: maxKind, ID: [16]byte{15: 1}}},
		{Chain: 1<<31 - 1, From: Open - 2, To: Open - 1, State: State{Kind: 1, ID: [16]byte{1}}},
	} {
		b := appendSpan(nil, &s)
		var got Span
		if rest := takeSpan(b, &got); rest == nil || len(rest) != 0 || got != s {
			f.Fatalf("%+v became %+v", s, got)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Span
		rest := takeSpan(b, &s)
		if rest == nil {
			return
		}
		if again := appendSpan(nil, &s); !bytes.Equal(again, b[:len(b)-len(rest)]) {
			t.Errorf("%x became %+v, which is %x", b, s, again)
		}
	})
}

func FuzzNote(f *testing.F) {
	n := note{rows: 7, files: map[uint64][32]byte{3: {1}}, chains: []Chain{{Name: "a", Snapshots: []Snapshot{
		{ID: [32]byte{1}, Root: chunk.Ref{Kind: chunk.Page, ID: chunk.ID{2}, Size: 9}}}}, {Name: "", Snapshots: []Snapshot{}}}}
	got, err := parseNote(n.bytes())
	if err != nil || !reflect.DeepEqual(n, got) {
		f.Fatalf("%+v, %v; want %+v", got, err, n)
	}
	f.Add(n.bytes())
	f.Add([]byte{noteVersion, 1, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseNote(b)
		if err != nil {
			return
		}
		again, err := parseNote(n.bytes())
		if err != nil || !reflect.DeepEqual(n, again) {
			t.Errorf("%+v became %+v, %v", n, again, err)
		}
	})
}
