package log

import (
	"path/filepath"
	"testing"
	"time"

	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
)

// many is a log whose newest state entry holds 10,000 snapshots and as many
// index files, followed by ten commits.
func many(b *testing.B) Options {
	ring, err := seal.Generate(seal.RepoID{1})
	if err != nil {
		b.Fatal(err)
	}
	m := mem.New()
	o := Options{Store: m, Sealer: ring, Config: Name{9}, Now: time.Now}
	if err := Create(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	l, err := Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	st := l.State()
	for i := range 10_000 {
		if err := st.commit(first(i, nm(1_000_000+i))); err != nil {
			b.Fatal(err)
		}
	}
	if _, _, err := l.Append(b.Context(), st, st.live); err != nil {
		b.Fatal(err)
	}
	for i := range 10 {
		if _, _, err := l.Append(b.Context(), l.State(), first(20_000+i, nm(2_000_000+i))); err != nil {
			b.Fatal(err)
		}
	}
	return o
}

func BenchmarkOpen(b *testing.B) {
	o := many(b)
	// Entry 0 is followed by a state entry that differs from it, so readers
	// must begin at the latter, as they do.
	b.Run("without cache", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Open(b.Context(), o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("with cache", func(b *testing.B) {
		b.ReportAllocs()
		o.CacheFile = filepath.Join(b.TempDir(), "log")
		for b.Loop() {
			if _, err := Open(b.Context(), o); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRefreshNothingNew(b *testing.B) {
	l, err := Open(b.Context(), many(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
