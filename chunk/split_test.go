package chunk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"ivyvault/chunk"
)

var ways = []string{chunk.FastCDC, chunk.Rabin, chunk.Fixed}

// small are sizes at which little data gives many chunks.
func small(way string) chunk.Cut {
	return chunk.Cut{Way: way, Min: 4 << 10, Avg: 16 << 10, Max: 64 << 10}
}

func splitters(t testing.TB, c chunk.Cut, secret byte) *chunk.Splitters {
	t.Helper()
	s, err := chunk.NewSplitters(c, [32]byte{secret})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func noise(seed uint64, n int) []byte {
	p := make([]byte, n)
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	rand.NewChaCha8(key).Read(p)
	return p
}

// cuts splits and checks what every splitter promises; it returns the chunks.
func cuts(t testing.TB, s *chunk.Splitters, p []byte, r io.Reader) [][]byte {
	t.Helper()
	sp := s.Split(r)
	defer sp.Close()
	var out [][]byte
	c := s.Cut()
	for at := 0; ; {
		b, err := sp.Next()
		if err == io.EOF {
			if at != len(p) {
				t.Fatalf("%v: the chunks are %d bytes together, the stream %d", c, at, len(p))
			}
			if _, err := sp.Next(); err != io.EOF {
				t.Fatalf("%v: after the end Next returns %v", c, err)
			}
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == 0 || len(b) > c.Max || at+len(b) > len(p) || at+len(b) < len(p) && len(b) < c.Min {
			t.Fatalf("%v: a chunk of %d bytes at %d of %d", c, len(b), at, len(p))
		}
		if !bytes.Equal(b, p[at:at+len(b)]) {
			t.Fatalf("%v: the chunk at %d holds other bytes", c, at)
		}
		at += len(b)
		out = append(out, p[at-len(b):at])
	}
}

func TestSplitGivesTheStream(t *testing.T) {
	for _, way := range ways {
		s := splitters(t, small(way), 1)
		c := s.Cut()
		for _, n := range []int{0, 1, c.Min - 1, c.Min, c.Min + 1, c.Avg, c.Max - 1, c.Max, c.Max + 1, 3 * c.Max, 1<<20 + 17} {
			p := noise(uint64(n), n)
			whole := cuts(t, s, p, bytes.NewReader(p))
			if n < 100000 {
				one := cuts(t, s, p, iotest.OneByteReader(bytes.NewReader(p)))
				if len(one) != len(whole) {
					t.Errorf("%s %d: cut otherwise when read byte by byte", way, n)
				}
			}
			late := cuts(t, s, p, iotest.DataErrReader(bytes.NewReader(p)))
			if fmt.Sprint(lengths(late)) != fmt.Sprint(lengths(whole)) {
				t.Errorf("%s %d: cut otherwise when the end comes with the last bytes", way, n)
			}
			cuts(t, s, make([]byte, n), bytes.NewReader(make([]byte, n)))
		}
	}
}

func lengths(chunks [][]byte) (out []int) {
	for _, c := range chunks {
		out = append(out, len(c))
	}
	return out
}

func TestSplitDependsOnTheSecret(t *testing.T) {
	p := noise(1, 1<<20)
	for _, way := range []string{chunk.FastCDC, chunk.Rabin} {
		a := lengths(cuts(t, splitters(t, small(way), 1), p, bytes.NewReader(p)))
		b := lengths(cuts(t, splitters(t, small(way), 2), p, bytes.NewReader(p)))
		again := lengths(cuts(t, splitters(t, small(way), 1), p, bytes.NewReader(p)))
		if fmt.Sprint(a) == fmt.Sprint(b) {
			t.Errorf("%s: two secrets cut alike: %v", way, a)
		}
		if fmt.Sprint(a) != fmt.Sprint(again) {
			t.Errorf("%s: one secret cuts differently: %v, %v", way, a, again)
		}
	}
}

func TestSplitReportsTheReadersError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, way := range ways {
		s := splitters(t, small(way), 1)
		for _, n := range []int{0, 100, 300000} {
			sp := s.Split(io.MultiReader(bytes.NewReader(noise(9, n)), iotest.ErrReader(broken)))
			var err error
			for err == nil {
				_, err = sp.Next()
			}
			if !errors.Is(err, broken) {
				t.Errorf("%s after %d bytes: %v", way, n, err)
			}
			sp.Close()
			sp.Close()
			p := noise(8, 200000) // the buffers hold nothing of the broken stream
			cuts(t, s, p, bytes.NewReader(p))
		}
	}
}

func TestSplitTogether(t *testing.T) {
	for _, way := range ways {
		s := splitters(t, small(way), 1)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range 3 {
					p := noise(uint64(10*i+j), 300000)
					cuts(t, s, p, bytes.NewReader(p))
				}
			})
		}
		wg.Wait()
	}
}

func TestCutCheck(t *testing.T) {
	for _, c := range []chunk.Cut{
		{"", 1 << 19, 1 << 20, 8 << 20}, {"rabin", 1 << 20, 1 << 20, 8 << 20}, {"rabin", 0, 1 << 20, 8 << 20},
		{"fastcdc", 1 << 19, 1<<20 + 1, 8 << 20}, {"fastcdc", 1 << 19, 1 << 20, 1 << 20}, {"fixed", 1 << 19, 1 << 20, 65 << 20},
	} {
		if _, err := chunk.NewSplitters(c, [32]byte{}); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

// TestSplitFindsAgainAfterInsertions is the reason for content-defined cutting:
// after insertions at random places little is new.
func TestSplitFindsAgainAfterInsertions(t *testing.T) {
	for seed := range uint64(3) {
		p := noise(seed, 4<<20)
		rng := rand.New(rand.NewPCG(seed, 0))
		edits := 10
		q := edited(rng, p, edits)
		for _, way := range []string{chunk.FastCDC, chunk.Rabin} {
			s := splitters(t, small(way), 1)
			stored := restored(cuts(t, s, p, bytes.NewReader(p)), cuts(t, s, q, bytes.NewReader(q)))
			if limit := 5 * edits * s.Cut().Avg; stored > limit {
				t.Errorf("%s, seed %d: %d bytes are stored again for %d insertions, more than %d", way, seed, stored, edits, limit)
			}
		}
	}
}

// edited inserts a few bytes at n random places.
func edited(rng *rand.Rand, p []byte, n int) []byte {
	q := bytes.Clone(p)
	for range n {
		at := rng.IntN(len(q))
		q = append(q[:at:at], append([]byte("inserted here"), q[at:]...)...)
	}
	return q
}

// restored returns how many bytes of now are in no chunk of before.
func restored(before, now [][]byte) (n int) {
	known := map[string]bool{}
	for _, c := range before {
		known[string(c)] = true
	}
	for _, c := range now {
		if !known[string(c)] {
			known[string(c)] = true
			n += len(c)
		}
	}
	return n
}

func BenchmarkSplit(b *testing.B) {
	p := noise(7, 64<<20)
	for _, way := range ways {
		for _, c := range []chunk.Cut{{way, 512 << 10, 1 << 20, 4 << 20}, {way, 512 << 10, 1 << 20, 8 << 20}} {
			s := splitters(b, c, 1)
			b.Run(fmt.Sprintf("%s-%dMiB", way, c.Max>>20), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					sp := s.Split(bytes.NewReader(p))
					for {
						if _, err := sp.Next(); err != nil {
							break
						}
					}
					sp.Close()
				}
			})
		}
	}
}

// BenchmarkSplitQuality reports the bytes stored again for each byte that must
// be: an insertion costs one average chunk at best.
func BenchmarkSplitQuality(b *testing.B) {
	for _, way := range []string{chunk.FastCDC, chunk.Rabin} {
		for _, c := range []chunk.Cut{{way, 512 << 10, 1 << 20, 4 << 20}, {way, 512 << 10, 1 << 20, 8 << 20}} {
			s := splitters(b, c, 1)
			b.Run(fmt.Sprintf("%s-%dMiB", way, c.Max>>20), func(b *testing.B) {
				var again, chunks, total float64
				var seed uint64
				for b.Loop() {
					p := noise(seed, 256<<20)
					q := edited(rand.New(rand.NewPCG(seed, 1)), p, 16)
					before := cuts(b, s, p, bytes.NewReader(p))
					again += float64(restored(before, cuts(b, s, q, bytes.NewReader(q))))
					chunks += float64(len(before))
					total += float64(len(p))
					seed++
				}
				b.ReportMetric(again/total, "again/byte")
				b.ReportMetric(total/chunks/(1<<20), "MiB/chunk")
			})
		}
	}
}
