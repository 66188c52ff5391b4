package log

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
)

func nm(i int) (n Name) { binary.BigEndian.PutUint64(n[:], uint64(i)); n[31] = 1; return n }
func run(i int) (r Run) { binary.BigEndian.PutUint64(r[:], uint64(i)); r[15] = 1; return r }

type vault struct {
	t      *testing.T
	m      *mem.Store
	full   *seal.Keyring
	backup *seal.Keyring
}

func newVault(t *testing.T) *vault {
	t.Helper()
	full, err := seal.Generate(seal.RepoID{1})
	if err != nil {
		t.Fatal(err)
	}
	backup, err := full.Derive(seal.Backup)
	if err != nil {
		t.Fatal(err)
	}
	v := &vault{t, mem.New(), full, backup}
	if err := Create(t.Context(), v.options(full)); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *vault) options(s Sealer) Options {
	return Options{Store: v.m, Sealer: s, Config: Name{9}, Now: func() time.Time { return time.UnixMilli(5000) }}
}

func (v *vault) open(o Options) *Log {
	v.t.Helper()
	l, err := Open(v.t.Context(), o)
	if err != nil {
		v.t.Fatal(err)
	}
	return l
}

func (v *vault) add(l *Log, bodies ...Body) *State {
	v.t.Helper()
	var st *State
	for _, b := range bodies {
		var err error
		if st, err = l.Update(v.t.Context(), func(*State) (Body, error) { return b, nil }); err != nil {
			v.t.Fatal(err)
		}
	}
	return st
}

func first(i int, index ...Name) Commit { return Commit{Form: nm(i), ID: nm(i), Index: index} }

func TestLogFollowsEntries(t *testing.T) {
	v := newVault(t)
	a, b := v.open(v.options(v.full)), v.open(v.options(v.backup))
	v.add(a,
		first(1, nm(101)), first(2, nm(102)),
		Keep{Run: run(7), Parent: nm(1), Index: []Name{nm(103)}},
		Mark{Packs: []Name{nm(50), nm(51)}},
		Commit{Form: nm(3), ID: nm(2), Replaces: nm(2)},
		Forget{Snapshots: []Name{nm(1)}},
		Sweep{Packs: []Name{nm(50)}, IndexRemoved: []Name{nm(101)}, IndexAdded: []Name{nm(104)}})
	st, err := b.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := st.Form(nm(2)); !ok || f != nm(3) {
		t.Errorf("snapshot 2 has form %x, %v", f, ok)
	}
	if _, ok := st.Form(nm(1)); ok {
		t.Error("a forgotten snapshot is live")
	}
	if st.HasIndex(nm(101)) || !st.HasIndex(nm(102)) || !st.HasIndex(nm(104)) || st.HasIndex(nm(103)) {
		t.Errorf("live index files: %x", st.Index())
	}
	if !st.Names(nm(103)) || !st.Names(nm(104)) || st.Names(nm(101)) {
		t.Error("live and kept index files are not those that a writer may use")
	}
	if m, ok := st.Mark(nm(51)); !ok || m.Entry != 4 || m.Time != 5000 {
		t.Errorf("mark: %+v, %v", m, ok)
	}
	if _, ok := st.Mark(nm(50)); ok {
		t.Error("a swept pack is marked")
	}
	if k, ok := st.Keep(run(7)); !ok || k.Parent != nm(1) || len(k.Index) != 1 {
		t.Errorf("keep: %+v, %v", k, ok)
	}
	if w, ok := st.SweptSince(0); !ok || len(w) != 1 || w[0].Entry != 7 {
		t.Errorf("sweeps: %+v, %v", w, ok)
	}
	if f, ok := st.ForgottenSince(6); !ok || len(f) != 0 {
		t.Errorf("forgets: %+v, %v", f, ok)
	}
	st = v.add(b, Commit{Form: nm(8), ID: nm(8), Run: run(7), Index: []Name{nm(103)}})
	if _, ok := st.Keep(run(7)); ok || !st.HasIndex(nm(103)) {
		t.Error("the commit did not end its run's keep or make its index file live")
	}
}

func TestLogRights(t *testing.T) {
	v := newVault(t)
	l := v.open(v.options(v.backup))
	v.add(l, first(1))
	for _, b := range []Body{Forget{[]Name{nm(1)}}, Mark{[]Name{nm(1)}}, Sweep{}, Whole{}, Commit{Form: nm(2), ID: nm(1), Replaces: nm(1)}} {
		_, _, err := l.Append(t.Context(), l.State(), b)
		var r *RightsError
		if !errors.As(err, &r) || !errors.Is(err, seal.ErrCannotRead) {
			t.Errorf("%T by a backup key: %v", b, err)
		}
		h := l.State().Head()
		raw, err := sealEntry(v.backup, h.Number+1, h.Hash, plain{1, 0, b})
		if err != nil {
			t.Fatal(err)
		}
		bad := v.m.Clone()
		bad.Replace(ObjectName(h.Number+1), raw)
		o := v.options(v.full)
		o.Store = bad
		_, err = Open(t.Context(), o)
		if !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("reading a %s entry of a backup key: %v", b.Type(), err)
		}
	}
}

func TestLogStateEntries(t *testing.T) {
	v := newVault(t)
	o := v.options(v.full)
	o.CacheFile = filepath.Join(t.TempDir(), "log")
	l := v.open(o)
	for i := range 150 {
		v.add(l, first(i))
	}
	st := v.open(v.options(v.backup)).State()
	if st.LastState() != 130 || len(st.Snapshots()) != 150 || st.Since() != 130 {
		t.Errorf("last state %d, %d snapshots, since %d", st.LastState(), len(st.Snapshots()), st.Since())
	}
	if i, err := os.Stat(o.CacheFile); err != nil || i.Mode() != 0o600 {
		t.Errorf("cache file: %v, %v", i, err)
	}
	if st = v.open(o).State(); st.Since() != st.Head().Number || len(st.Snapshots()) != 150 {
		t.Errorf("the cache was not used: since %d, head %d", st.Since(), st.Head().Number)
	}
}

func TestLogRollback(t *testing.T) {
	v := newVault(t)
	o := v.options(v.full)
	o.CacheFile = filepath.Join(t.TempDir(), "log")
	l := v.open(o)
	v.add(l, first(1))
	before := v.m.Clone()
	v.add(l, first(2))
	var r *RollbackError
	o.Store = before
	if _, err := Open(t.Context(), o); !errors.As(err, &r) || r.Found {
		t.Fatalf("a shorter log: %v", err)
	}
	other := o
	other.CacheFile = ""
	v.add(v.open(other), first(3), first(4))
	if _, err := Open(t.Context(), o); !errors.As(err, &r) || !r.Found {
		t.Fatalf("another log: %v", err)
	}
	before.Replace(ObjectName(2), []byte("rotten"))
	if _, err := Open(t.Context(), o); errors.As(err, new(*RollbackError)) || !errors.Is(err, chunk.ErrDamaged) {
		t.Fatalf("a rotten head: %v", err)
	}
}

func TestLogMissingEntry(t *testing.T) {
	for lost := range uint64(5) {
		v := newVault(t)
		l := v.open(v.options(v.full))
		v.add(l, first(1), first(2), first(3))
		v.add(l, first(4))
		if err := v.m.Remove(t.Context(), ObjectName(lost)); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), v.options(v.full))
		if lost == 4 { // nothing but a cache can tell
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		var d *chunk.DamageError
		if !errors.As(err, &d) || d.What != what(lost) {
			t.Errorf("entry %d lost: %v", lost, err)
		}
	}
}
