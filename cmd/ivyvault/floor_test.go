package main

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The floor stays through collections of a small process and goes with the first
// one of a large.
func TestFloorGoes(t *testing.T) {
	var size, asked atomic.Int64
	f := newFloor(func() int64 { asked.Add(1); return size.Load() })
	until := func(what string, done func() bool) {
		t.Helper()
		for range 1000 {
			if runtime.GC(); done() {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Fatal(what)
	}
	until("nobody asked three times how much is occupied", func() bool { return asked.Load() >= 3 })
	if f.mem.Load() == nil {
		t.Error("the floor went although little is occupied")
	}
	size.Store(roomy + 1)
	until("the floor stayed", func() bool { return f.mem.Load() == nil })
}

func TestAnonymous(t *testing.T) {
	const size = 64 << 20
	before := anonymous()
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(m)
	for i := 0; i < size; i += 4096 {
		m[i] = 1
	}
	if grown := anonymous() - before; before <= 0 || grown < size*3/4 || grown > size*2 {
		t.Errorf("%d bytes were touched, and the process occupies %d more than %d", size, grown, before)
	}
}
