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
	if n := len(s.spare); n > maxSpare {
		t.Errorf("%d pieces are kept", n)
	}
}
