package dir

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestListing holds more names than fit on the heap blocks, of all lengths.
func TestListing(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var l listing
	for round, n := range []int{100000, 10, 0, 30000} {
		l.reset()
		var want []string
		for i := range n {
			name := fmt.Sprintf("%x-%d", rng.Uint64(), i)
			for rng.IntN(10) == 0 && len(name) < 200 {
				name += name
			}
			name = name[:min(len(name), 255)]
			want = append(want, name)
			l.add([]byte(name), 0)
		}
		l.sort()
		slices.Sort(want)
		if l.len() != n {
			t.Fatalf("round %d: %d names of %d", round, l.len(), n)
		}
		for i, w := range want {
			if got := string(l.name(i)); got != w+"\x00" {
				t.Fatalf("round %d: name %d is %q, want %q", round, i, got, w)
			}
		}
		if n > 0 {
			if i, ok := l.find(want[n/2]); !ok || i != n/2 {
				t.Errorf("round %d: found at %d, %v", round, i, ok)
			}
		}
		if _, ok := l.find("no such name"); ok {
			t.Error("found what isn't there")
		}
		if n == 100000 && (len(l.maps) == 0 || !l.big()) {
			t.Errorf("%d blocks, none mapped", len(l.blocks))
		}
	}
	l.free()
	if l.len() != 0 {
		t.Error("freed, and not empty")
	}
}
