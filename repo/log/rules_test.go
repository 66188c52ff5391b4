package log

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

func TestCanCommit(t *testing.T) {
	v := newVault(t)
	l := v.open(v.options(v.full))
	base := v.add(l, first(1, nm(101)), first(2, nm(102)))
	steps := []struct {
		body   Body
		relies Relies
		want   *SweptError
	}{
		{Mark{Packs: []Name{nm(50)}}, Relies{Packs: Set{nm(50): {}}, Parents: []Name{nm(1)}}, nil},
		{Sweep{Packs: []Name{nm(50)}, IndexRemoved: []Name{nm(101)}}, Relies{Packs: Set{nm(51): {}}, Parents: []Name{nm(1)}}, nil},
		{nil, Relies{Packs: Set{nm(50): {}}}, &SweptError{Packs: []Name{nm(50)}}},
		{nil, Relies{Own: Set{nm(50): {}}}, &SweptError{Packs: []Name{nm(50)}}},
		{nil, Relies{Index: Set{nm(101): {}}}, &SweptError{Index: []Name{nm(101)}}},
		{nil, Relies{Parents: []Name{nm(77)}}, &SweptError{Parent: true}},           // never was
		{Forget{[]Name{nm(1)}}, Relies{Parents: []Name{nm(1)}}, nil},                // no sweep since
		{Sweep{IndexRemoved: []Name{nm(102)}}, Relies{Parents: []Name{nm(1)}}, nil}, // removes no pack
		{Sweep{Packs: []Name{nm(60)}}, Relies{Parents: []Name{nm(1)}}, &SweptError{Parent: true}},
		{nil, Relies{Parents: []Name{nm(2)}}, nil},
		{nil, Relies{}, nil},
	}
	for i, s := range steps {
		if s.body != nil {
			v.add(l, s.body)
		}
		err := CanCommit(base, l.State(), s.relies)
		if s.want == nil {
			if err != nil {
				t.Errorf("step %d: %v", i, err)
			}
			continue
		}
		var got *SweptError
		if !errors.As(err, &got) || !errors.Is(err, ErrSwept) || !reflect.DeepEqual(got, s.want) {
			t.Errorf("step %d: %+v, want %+v", i, err, s.want)
		}
	}
	late := v.open(v.options(v.full)).State() // begins at entry 0, so it knows all
	if err := CanCommit(base, late, Relies{Packs: Set{nm(50): {}}}); !errors.Is(err, ErrSwept) {
		t.Error(err)
	}
	if err := CanCommit(l.State(), base, Relies{}); err == nil || errors.Is(err, ErrSwept) {
		t.Errorf("a base after now: %v", err)
	}
}

func TestCanSweep(t *testing.T) {
	v := newVault(t)
	l := v.open(v.options(v.full))
	st := v.add(l, first(1, nm(101)), Keep{Run: run(1), Index: []Name{nm(102)}})
	named := map[Name][]Name{nm(101): {nm(50)}, nm(102): {nm(51)}, nm(103): {nm(50)}, nm(104): nil}
	packs := func(x Name) ([]Name, error) { return named[x], nil }
	for i, c := range []struct {
		sweep Sweep
		fine  bool
	}{
		{Sweep{Packs: []Name{nm(52)}}, true},
		{Sweep{Packs: []Name{nm(50)}}, false},
		{Sweep{Packs: []Name{nm(50)}, IndexRemoved: []Name{nm(101)}, IndexAdded: []Name{nm(104)}}, true},
		{Sweep{Packs: []Name{nm(50)}, IndexRemoved: []Name{nm(101)}, IndexAdded: []Name{nm(103)}}, false},
		{Sweep{Packs: []Name{nm(51)}}, false},
		{Sweep{IndexRemoved: []Name{nm(102)}}, false},
		{Sweep{Packs: []Name{nm(51)}, Ended: []Run{run(1)}}, true},
	} {
		if err := CanSweep(st, c.sweep, packs); (err == nil) != c.fine || err != nil && !errors.Is(err, ErrStillNamed) {
			t.Errorf("sweep %d: %v", i, err)
		}
	}
}

func TestGrace(t *testing.T) {
	v := newVault(t)
	at := time.UnixMilli(10_000)
	o := v.options(v.full)
	o.Now = func() time.Time { return at }
	l := v.open(o)
	v.add(l, Keep{Run: run(1), Parent: nm(1), Index: []Name{nm(101)}}, Mark{[]Name{nm(50)}})
	at = at.Add(time.Hour)
	st := v.add(l, Keep{Run: run(2), Index: []Name{nm(101), nm(102)}}, Mark{[]Name{nm(50), nm(51)}})
	got := st.Spare(at, 30*time.Minute)
	want := Spared{Index: []Name{nm(101), nm(102)}, Over: []Run{run(1)}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("spared %+v, want %+v", got, want)
	}
	if got := st.Spare(at, 2*time.Hour); len(got.Parents) != 1 || len(got.Index) != 2 || len(got.Over) != 0 {
		t.Errorf("spared %+v", got)
	}
	if got := st.Ripe(at, 30*time.Minute); len(got) != 1 || got[0] != nm(50) {
		t.Errorf("ripe %x", got)
	}
	if got := st.Ripe(at, 0); len(got) != 2 {
		t.Errorf("ripe %x", got)
	}
}
