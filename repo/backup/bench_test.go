package backup_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"ivyvault/repo/store/mem"
)

// BenchmarkFirst is a first backup of 2,000 files of any size, into memory.
func BenchmarkFirst(b *testing.B) {
	root := b.TempDir()
	fill(b, rand.New(rand.NewPCG(1, 1)), root, 2000)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r := newRepo(b, mem.New())
		b.StartTimer()
		b.SetBytes(int64(run(b, r, root).Stats.Bytes))
	}
}

// BenchmarkUnchanged is a backup of the same files with nothing to do.
func BenchmarkUnchanged(b *testing.B) {
	root := b.TempDir()
	fill(b, rand.New(rand.NewPCG(1, 1)), root, 2000)
	time.Sleep(30 * time.Millisecond) // what changed a moment ago is always read again
	r := newRepo(b, mem.New())
	run(b, r, root)
	b.ReportAllocs()
	for b.Loop() {
		run(b, r, root)
	}
}
