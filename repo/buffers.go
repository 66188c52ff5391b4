package repo

import (
	"sync"

	"golang.org/x/sys/unix"
)

// buffers keeps the memory of packs for reuse. It lies outside the collected
// heap: the collector lets the heap grow to a multiple of what is alive, which
// for a few images of 16 MiB would be most of a backup's memory.
type buffers struct {
	mu     sync.Mutex
	free   [][]byte
	mapped map[*byte][]byte // by first byte: what get mapped and close unmaps
}

// get returns an empty buffer with room for size bytes.
func (b *buffers) get(size int) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := len(b.free); n > 0; n = len(b.free) {
		buf := b.free[n-1]
		b.free = b.free[:n-1]
		if cap(buf) >= size {
			return buf[:0]
		}
	}
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, 0, size) // the heap may still have room
	}
	if b.mapped == nil {
		b.mapped = map[*byte][]byte{}
	}
	b.mapped[&m[0]] = m
	return m[:0]
}

// put takes a buffer back that is no longer used. One that a builder moved to
// the heap, because a chunk was larger than a pack, is left to the collector.
func (b *buffers) put(buf []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m, ok := b.mapped[&buf[:1][0]]; ok {
		b.free = append(b.free, m)
	}
}

// release gives all memory back that nobody uses. It is called between writes:
// a process that goes on, such as a mount, should not keep it.
func (b *buffers) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.free {
		if mapped, ok := b.mapped[&m[0]]; ok {
			delete(b.mapped, &m[0])
			_ = unix.Munmap(mapped)
		}
	}
	b.free = nil
}
