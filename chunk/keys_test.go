package chunk_test

import (
	"encoding/hex"
	"fmt"
	"sync"
	"testing"

	"ivyvault/chunk"

	"github.com/zeebo/blake3"
)

func identity() (k [32]byte) {
	for i := range k {
		k[i] = byte(i)
	}
	return k
}

// pattern is the plaintext of the golden vectors: byte i is i mod 251.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}

// keyed is section 5 of doc/format.md, spelled out with the primitives.
func keyed(context string, parts ...[]byte) chunk.ID {
	id := identity()
	var key [32]byte
	blake3.DeriveKey(context, id[:], key[:])
	h, err := blake3.NewKeyed(key[:])
	if err != nil {
		panic(err)
	}
	for _, p := range parts {
		h.Write(p)
	}
	return chunk.ID(h.Sum(nil))
}

func TestKeysFollowTheFormat(t *testing.T) {
	k := chunk.NewKeys(identity())
	for _, kind := range []chunk.Kind{chunk.Data, chunk.Page, chunk.List} {
		for _, n := range []int{1, 64, 1024, 1025, 8192, chunk.FrameSize - 1, chunk.FrameSize, chunk.FrameSize + 1, 3*chunk.FrameSize + 5} {
			p := pattern(n)
			var want []chunk.ID
			var flat []byte
			for o := 0; o < n; o += chunk.FrameSize {
				h := keyed("ivyvault 2026 frame "+kind.String(), p[o:min(o+chunk.FrameSize, n)])
				want = append(want, h)
				flat = append(flat, h[:]...)
			}
			id := want[0]
			if len(want) > 1 {
				id = keyed("ivyvault 2026 chunk "+kind.String(), flat)
			}
			before := []chunk.ID{{1}, {2}}
			ref, hashes := k.Name(kind, p, before)
			if ref != (chunk.Ref{ID: id, Size: uint32(n), Kind: kind}) {
				t.Errorf("%v %d: ref %v, want id %v", kind, n, ref, id)
			}
			if got := hashes[2:]; fmt.Sprint(got) != fmt.Sprint(want) || hashes[0] != before[0] || hashes[1] != before[1] {
				t.Errorf("%v %d: frame hashes differ", kind, n)
			}
		}
	}
	if got := k.ContentHash(pattern(1000)); got != keyed("ivyvault 2026 content", pattern(1000)) {
		t.Errorf("content hash %v", got)
	}
}

func TestKeysGolden(t *testing.T) {
	k := chunk.NewKeys(identity())
	for _, g := range golden {
		var got chunk.ID
		if g.kind == 0 {
			got = k.ContentHash(pattern(g.n))
		} else {
			ref, _ := k.Name(g.kind, pattern(g.n), nil)
			got = ref.ID
		}
		if hex.EncodeToString(got[:]) != g.want {
			t.Errorf("{%d, %d, %q},", g.kind, g.n, hex.EncodeToString(got[:]))
		}
	}
}

func TestKeysOfAnotherRepositoryDiffer(t *testing.T) {
	other := identity()
	other[31] ^= 1
	a, b := chunk.NewKeys(identity()), chunk.NewKeys(other)
	seen := map[chunk.ID]string{}
	for name, id := range map[string]chunk.ID{
		"a data": a.FrameHash(chunk.Data, []byte("x")), "b data": b.FrameHash(chunk.Data, []byte("x")),
		"a page": a.FrameHash(chunk.Page, []byte("x")), "a list": a.FrameHash(chunk.List, []byte("x")),
		"a content": a.ContentHash([]byte("x")), "b content": b.ContentHash([]byte("x")),
	} {
		if was, ok := seen[id]; ok {
			t.Errorf("%s and %s agree", name, was)
		}
		seen[id] = name
	}
}

func TestKeysTogether(t *testing.T) {
	k := chunk.NewKeys(identity())
	p := pattern(3 * chunk.FrameSize)
	want, _ := k.Name(chunk.Data, p, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got, _ := k.Name(chunk.Data, p, nil); got != want {
					t.Errorf("got %v", got)
				}
			}
		})
	}
	wg.Wait()
}

func TestNameDoesNotAllocate(t *testing.T) {
	k := chunk.NewKeys(identity())
	p := pattern(2*chunk.FrameSize + 1)
	hashes := make([]chunk.ID, 0, 8)
	if n := testing.AllocsPerRun(200, func() { _, hashes = k.Name(chunk.Data, p, hashes[:0]) }); n >= 1 && !raceEnabled {
		t.Errorf("Name allocates %v times", n)
	}
	if n := testing.AllocsPerRun(200, func() { k.ContentHash(p[:1000]) }); n >= 1 && !raceEnabled {
		t.Errorf("ContentHash allocates %v times", n)
	}
}

func TestNameRefusesWhatNoReaderAccepts(t *testing.T) {
	k := chunk.NewKeys(identity())
	for name, f := range map[string]func(){
		"empty": func() { k.Name(chunk.Data, nil, nil) },
		"kind":  func() { k.Name(9, []byte("x"), nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkName(b *testing.B) {
	k := chunk.NewKeys(identity())
	for _, n := range []int{100, 1 << 10, 4 << 10, 128 << 10, 1 << 20} {
		p := pattern(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			hashes := make([]chunk.ID, 0, 8)
			for b.Loop() {
				_, hashes = k.Name(chunk.Data, p, hashes[:0])
			}
		})
	}
}
