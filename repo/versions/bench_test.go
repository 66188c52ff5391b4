package versions

import (
	"fmt"
	"testing"
	"time"
)

// manyNights is 300 snapshots of a directory of 2000 files, of which one is
// new every night.
func manyNights(b *testing.B) *history {
	h := newHistory(b, 1)
	set := h.sets[0]
	set["d"] = ""
	for i := range 2000 {
		set[fmt.Sprintf("d/f%04d", i)] = "same"
	}
	for i := range 300 {
		set[fmt.Sprintf("d/f%04d", i)] = fmt.Sprint("night ", i)
		h.live = append(h.live, Snapshot{ID: [32]byte{byte(i), byte(i >> 8)}, Time: time.Unix(int64(i), 0), Root: h.world.dir(set, "")})
	}
	return h
}

// BenchmarkAnswers asks each question of a Tabled that was just opened, with
// and without a table. Chunks come out of memory: on a medium, the difference
// is that of the chunks read, which is reported too.
func BenchmarkAnswers(b *testing.B) {
	h := manyNights(b)
	for _, folded := range []bool{false, true} {
		if folded {
			h.fold()
		}
		for what, ask := range map[string]func(*Tabled) error{
			"of":   func(t *Tabled) error { _, err := t.Of(b.Context(), "d/f0100"); return err },
			"stat": func(t *Tabled) error { _, err := t.Stat(b.Context(), "d/f1000"); return err },
			"list": func(t *Tabled) error {
				for _, err := range t.List(b.Context(), "d", "") {
					if err != nil {
						return err
					}
				}
				return nil
			},
		} {
			b.Run(fmt.Sprintf("%s/table=%v", what, folded), func(b *testing.B) {
				before := h.mem.Gets.Load()
				for b.Loop() {
					t := Open(h.reader(), h.hash, h.dir)
					t.Set(h.live)
					if err := ask(t); err != nil {
						b.Fatal(err)
					}
					if err := t.Close(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(h.mem.Gets.Load()-before)/float64(b.N), "chunks/op")
			})
		}
	}
}
