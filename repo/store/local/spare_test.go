package local

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/storetest"
)

// What is read stays as it is until it is given back, whatever is read
// meanwhile, and memory that was given back is used.
func TestReuse(t *testing.T) {
	s := newOwned(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	name := storetest.Name(store.Pack, 7)
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	mustPut(t, s, name, data)
	type piece struct {
		got []byte
		off int
	}
	var held []piece
	seen := map[*byte]bool{}
	again := 0
	for range 500 {
		n := rng.IntN(400 << 10)
		off := rng.IntN(len(data) - n)
		got, err := s.Get(t.Context(), name, int64(off), int64(n))
		if err != nil || len(got) != n {
			t.Fatalf("%d+%d: %d bytes, %v", off, n, len(got), err)
		}
		if n > 0 {
			if seen[&got[0]] {
				again++
			}
			seen[&got[0]] = true
		}
		held = append(held, piece{got: got, off: off})
		if len(held) < 5 {
			continue
		}
		i := rng.IntN(len(held))
		if p := held[i]; !bytes.Equal(p.got, data[p.off:p.off+len(p.got)]) {
			t.Fatalf("bytes that were not given back have changed")
		}
		s.Reuse(held[i].got)
		held = append(held[:i], held[i+1:]...)
	}
	if again == 0 {
		t.Error("no memory was used again")
	}
	if n := len(s.spare.pieces); n > maxPieces {
		t.Errorf("%d pieces are kept", n)
	}
}

// What is kept is bounded by bytes, and a piece that fits is found among others.
func TestSpareIsBounded(t *testing.T) {
	s := newOwned(t)
	for range 10 {
		s.Reuse(make([]byte, 4<<20))
	}
	s.Reuse(make([]byte, leastSpare-1))
	if s.spare.bytes != maxSpare || len(s.spare.pieces) != maxSpare/(4<<20) {
		t.Errorf("%d bytes in %d pieces are kept", s.spare.bytes, len(s.spare.pieces))
	}
	s = newOwned(t)
	for _, n := range []int{1 << 20, 64 << 10, 2 << 20} {
		s.Reuse(make([]byte, n))
	}
	if p := s.buffer(65 << 10); len(p) != 65<<10 || cap(p) != 1<<20 {
		t.Errorf("%d of %d bytes for 65 KiB", len(p), cap(p))
	}
	if p := s.buffer(3 << 20); cap(p) != 3<<20 || len(s.spare.pieces) != 1 || s.spare.bytes > 2<<20 {
		t.Errorf("%d bytes for 3 MiB, %d pieces are left", cap(p), len(s.spare.pieces))
	}
}
