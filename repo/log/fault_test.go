package log

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

var errLost = errors.New("the line is down")

// lossy is a medium whose next put goes wrong in one way.
type lossy struct {
	Medium
	put  func() (bool, error) // the answer to the next put, after it was done
	skip bool                 // the next put is not done
	get  error                // what gets answer from then on
	down bool
}

func (l *lossy) Put(ctx context.Context, name store.Name, data []byte) (bool, error) {
	if l.put == nil {
		return l.Medium.Put(ctx, name, data)
	}
	answer := l.put
	l.put, l.down = nil, l.get != nil
	if !l.skip {
		if _, err := l.Medium.Put(ctx, name, data); err != nil {
			return false, err
		}
	}
	return answer()
}

func (l *lossy) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	if l.down {
		return nil, l.get
	}
	return l.Medium.Get(ctx, name, off, n)
}

func TestAppendSettlesLostAnswers(t *testing.T) {
	fails := func() (bool, error) { return false, errLost }
	for name, c := range map[string]struct {
		m    lossy
		want func(won bool, err error) bool
	}{
		"done, answer lost":     {lossy{put: fails}, func(won bool, err error) bool { return won && err == nil }},
		"done twice by a retry": {lossy{put: func() (bool, error) { return false, nil }}, func(won bool, err error) bool { return won && err == nil }},
		"not done": {lossy{put: fails, skip: true}, func(won bool, err error) bool {
			return !won && errors.Is(err, errLost) && !errors.As(err, new(*UnsettledError))
		}},
		"done, nothing answers":  {lossy{put: fails, get: errLost}, func(won bool, err error) bool { return !won && errors.As(err, new(*UnsettledError)) }},
		"said to be there, gone": {lossy{put: func() (bool, error) { return false, nil }, skip: true}, func(won bool, err error) bool { return !won && err != nil }},
	} {
		v := newVault(t)
		m := c.m
		m.Medium = v.m
		o := v.options(v.full)
		o.Store = &m
		l := v.open(o)
		won, st, err := l.Append(t.Context(), l.State(), first(1))
		if !c.want(won, err) {
			t.Errorf("%s: won %v, %v", name, won, err)
		}
		if won && st.Head() != l.State().Head() {
			t.Errorf("%s: the State is not the one after the entry", name)
		}
	}
}

func TestAppendLosesToAnother(t *testing.T) {
	v := newVault(t)
	a, b := v.open(v.options(v.full)), v.open(v.options(v.full))
	base := a.State()
	v.add(b, first(1))
	won, st, err := a.Append(t.Context(), base, first(2))
	if won || err != nil || st.Head().Number != 1 {
		t.Fatalf("won %v, %v", won, err)
	}
	if won, _, err = a.Append(t.Context(), st, first(1)); won || err == nil {
		t.Errorf("a body that contradicts the State: won %v, %v", won, err)
	}
	if _, err := v.m.Get(t.Context(), ObjectName(2), 0, -1); !errors.Is(err, store.ErrNotExist) {
		t.Error("a refused body was written")
	}
}

func TestUpdateUnderContention(t *testing.T) {
	v := newVault(t)
	var all sync.WaitGroup
	for w := range 4 {
		l := v.open(v.options(v.backup))
		all.Go(func() {
			for i := range 10 {
				if _, err := l.Update(t.Context(), func(*State) (Body, error) { return first(100*w + i), nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if st := v.open(v.options(v.full)).State(); len(st.Snapshots()) != 40 || st.Head().Number != 40 {
		t.Errorf("%d snapshots, head %d", len(st.Snapshots()), st.Head().Number)
	}
}

func TestWalkReportsEachDamage(t *testing.T) {
	v := newVault(t)
	l := v.open(v.options(v.full))
	for i := range 70 {
		v.add(l, first(i))
	} // a state entry is entry 65
	damageAt := func(n uint64, change func([]byte) []byte) {
		raw, err := v.m.Get(t.Context(), ObjectName(n), 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		v.m.Replace(ObjectName(n), change(raw))
	}
	damageAt(3, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	damageAt(10, func(b []byte) []byte { return b[:5] })
	for _, n := range []uint64{20, 21, 22, 23, 24, 25, 26} {
		if err := v.m.Remove(t.Context(), ObjectName(n)); err != nil {
			t.Fatal(err)
		}
	}
	bad, whole := map[uint64]bool{}, 0
	st, err := Walk(t.Context(), v.options(v.full), func(n uint64, e *Entry, wrong error) error {
		if wrong != nil {
			bad[n] = true
			if !errors.Is(wrong, chunk.ErrDamaged) {
				t.Errorf("entry %d: %v", n, wrong)
			}
		}
		if e != nil {
			whole++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(bad) != 9 || !bad[3] || !bad[10] || !bad[20] || !bad[26] || whole != 72-9 {
		t.Errorf("damage at %v, %d whole", bad, whole)
	}
	if st == nil || len(st.Snapshots()) != 70 || st.Head().Number != 71 {
		t.Errorf("the walk did not go on from the state entry: %+v", st)
	}
}

func TestDamagedEntryIsNamed(t *testing.T) {
	v := newVault(t)
	l := v.open(v.options(v.full))
	v.add(l, first(1), first(2), first(3))
	fresh := v.m.Clone()
	raw, err := v.m.Get(t.Context(), ObjectName(2), 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		bad := append([]byte(nil), raw...)
		bad[i] ^= 0x10
		fresh.Replace(ObjectName(2), bad)
		o := v.options(v.full)
		o.Store = fresh
		_, err := Open(t.Context(), o)
		var version *seal.VersionError
		var d *chunk.DamageError
		switch {
		case i == 8 && errors.As(err, &version): // the version's byte
		case !errors.As(err, &d) || d.What != "log entry 2":
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
}

func TestCacheIsOnlyACache(t *testing.T) {
	v, foreign := newVault(t), newVault(t)
	dir := t.TempDir()
	o := v.options(v.full)
	o.CacheFile = filepath.Join(dir, "log")
	v.add(v.open(o), first(1), first(2))
	good, err := os.ReadFile(o.CacheFile)
	if err != nil {
		t.Fatal(err)
	}
	of := foreign.options(foreign.full)
	of.CacheFile = filepath.Join(dir, "foreign")
	foreign.add(foreign.open(of), first(1), first(2), first(3))
	other, err := os.ReadFile(of.CacheFile)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{"empty": {}, "foreign": other, "longer": append(append([]byte(nil), good...), 0)}
	for i := 0; i < len(good); i += 13 {
		cases[fmt.Sprint("cut to ", i)] = good[:i]
		bad := append([]byte(nil), good...)
		bad[i] ^= 1
		cases[fmt.Sprint("flipped at ", i)] = bad
	}
	for name, b := range cases {
		if err := os.WriteFile(o.CacheFile, b, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(t.Context(), o)
		if err != nil || len(l.State().Snapshots()) != 2 || l.State().Since() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A process that is behind does not take the cache back.
	behind := v.open(v.options(v.full))
	behind.o.CacheFile = o.CacheFile
	v.add(v.open(o), first(3))
	behind.save(behind.State())
	if n := behind.savedNumber(); n != 4 {
		t.Errorf("the cache was taken back to %d", n)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 {
		t.Errorf("files left behind: %v, %v", names, err)
	}
}
