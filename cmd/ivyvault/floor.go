package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
)

// heapFloor is memory that is counted by the collector and never touched, so
// that it takes no room: the heap of a backup has a few MiB alive, and without
// it would be collected each time that one more was allocated.
// doc/decisions.md, 14, has the figures.
const heapFloor = 32 << 20

// roomy is how much memory the process may occupy before the floor goes: where
// much is alive, collecting less often costs memory and saves little.
const roomy = 90 << 20

// floor holds the memory, and lets it go at the end of the first collection at
// which the process occupies too much.
type floor struct {
	mem      atomic.Pointer[[heapFloor]byte]
	occupied func() int64
}

// sentinel is alive nowhere, so its finalizer runs after each collection.
type sentinel struct{ of *floor }

func newFloor(occupied func() int64) *floor {
	f := &floor{occupied: occupied}
	f.mem.Store(new([heapFloor]byte))
	runtime.SetFinalizer(&sentinel{f}, (*sentinel).collected)
	return f
}

func (s *sentinel) collected() {
	if s.of.occupied() <= roomy {
		runtime.SetFinalizer(s, (*sentinel).collected)
		return
	}
	s.of.mem.Store(nil)
	runtime.GC() // the one that ended has set its goal with the floor
}

// anonymous returns the bytes of memory that the process occupies beyond the
// files that it has mapped, 0 where the system doesn't tell.
func anonymous() int64 {
	text, err := os.ReadFile("/proc/self/statm") // in pages: size, resident, shared, …
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 3 {
		return 0
	}
	resident, err := strconv.ParseInt(string(fields[1]), 10, 64)
	shared, err2 := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil || err2 != nil {
		return 0
	}
	return (resident - shared) * int64(os.Getpagesize())
}
