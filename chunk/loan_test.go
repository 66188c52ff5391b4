package chunk_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"ivyvault/chunk"
)

// filling is a Getter that fills memory of the caller's, and notes which.
type filling struct {
	*slow
	mu   sync.Mutex
	seen map[*byte]int
}

var _ chunk.Appender = (*filling)(nil)

var errLate = errors.New("found at the end")

func (f *filling) AppendRange(ctx context.Context, dst []byte, ref chunk.Ref, off, n int) ([]byte, error) {
	p, err := f.slow.GetRange(ctx, ref, off, n)
	if err != nil {
		// As a decoder that finds damage at the end of a frame.
		return dst, errors.Join(err, errLate)
	}
	f.mu.Lock()
	f.seen[&dst[:1][0]]++
	f.mu.Unlock()
	return append(dst, p...), nil
}

func filled(t testing.TB, limit int, sizes ...int) (*chunk.Cached, *filling, []chunk.Ref, [][]byte) {
	_, s, refs, plain := stocked(t, 1, sizes...)
	f := &filling{slow: s, seen: map[*byte]int{}}
	c := chunk.NewCached(f, limit)
	t.Cleanup(c.Close)
	return c, f, refs, plain
}

func lend(t *testing.T, c *chunk.Cached, ref chunk.Ref, plain []byte, off, n int) chunk.Loan {
	t.Helper()
	l, err := c.Lend(t.Context(), ref, off, n)
	if err != nil || !bytes.Equal(l.Bytes, plain[off:off+n]) {
		t.Fatalf("%d+%d: %d bytes, %v", off, n, len(l.Bytes), err)
	}
	return l
}

// frames makes chunks of one frame each.
func frames(n int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = frame
	}
	return sizes
}

func TestLendUsesMemoryAgain(t *testing.T) {
	c, f, refs, plain := filled(t, 4*frame, frames(60)...)
	for i := range refs {
		l := lend(t, c, refs[i], plain[i], 0, frame)
		l.Return()
		l.Return() // the second time does nothing
	}
	if n := len(f.seen); n > 6 {
		t.Errorf("60 frames went through %d pieces of memory", n)
	}
}

func TestLendKeepsWhatIsNotGivenBack(t *testing.T) {
	c, _, refs, plain := filled(t, 4*frame, frames(60)...)
	var loans []chunk.Loan
	for i := range 3 {
		loans = append(loans, lend(t, c, refs[i], plain[i], 100, 5000))
	}
	owned := get(t, c, refs[3], plain[3], 0, frame) // for ever
	both := lend(t, c, refs[3], plain[3], 0, frame)
	both.Return()
	for i := 4; i < 60; i++ {
		l := lend(t, c, refs[i], plain[i], 0, frame)
		l.Return()
	}
	for i, l := range loans {
		if !bytes.Equal(l.Bytes, plain[i][100:5100]) {
			t.Errorf("loan %d has other bytes now", i)
		}
		l.Return()
	}
	if !bytes.Equal(owned, plain[3]) {
		t.Error("bytes that were not lent have changed")
	}
}

func TestLendOverSeveralFrames(t *testing.T) {
	c, _, refs, plain := filled(t, 8*frame, 3*frame+9)
	for _, r := range [][2]int{{frame - 1, 2}, {0, 3*frame + 9}, {3*frame + 9, 0}} {
		l := lend(t, c, refs[0], plain[0], r[0], r[1])
		l.Return()
	}
	for _, r := range [][2]int{{-1, 2}, {0, 3*frame + 10}, {5, -1}} {
		if _, err := c.Lend(t.Context(), refs[0], r[0], r[1]); err == nil {
			t.Errorf("%d+%d is no error", r[0], r[1])
		}
	}
}

// What waits in the queue is fetched at once where somebody asks for it.
func TestPrefetchIsOvertaken(t *testing.T) {
	c, f, refs, plain := filled(t, 60*frame, frames(20)...)
	f.gate = make(chan struct{})
	for _, ref := range refs {
		if !c.Prefetch(ref, 0, frame) {
			t.Fatal("there is no room in the queue")
		}
	}
	for f.calls.Load() < 8 {
	}
	got := make(chan chunk.Loan)
	go func() {
		l, err := c.Lend(t.Context(), refs[19], 0, frame)
		if err != nil {
			t.Error(err)
		}
		got <- l
	}()
	for f.calls.Load() < 9 { // nobody of the queue got on
	}
	close(f.gate)
	l := <-got
	if !bytes.Equal(l.Bytes, plain[19]) {
		t.Error("other bytes")
	}
	l.Return()
	for i := range refs {
		l := lend(t, c, refs[i], plain[i], 0, frame)
		l.Return()
	}
	if n := f.calls.Load(); n != 20 {
		t.Errorf("%d fetches of 20 frames", n)
	}
}

// TestLendTogether has readers of both kinds, reading ahead, interrupted and
// failing, over a cache that is too small.
func TestLendTogether(t *testing.T) {
	sizes := []int{frame, 3 * frame, 5*frame + 1, 2000, 2*frame + 3, frame}
	c, f, refs, plain := filled(t, 4*frame, sizes...)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var wg sync.WaitGroup
	broken := errors.New("now and then")
	for w := range 8 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			var held []chunk.Loan
			var want [][]byte
			for range 150 {
				i := rng.IntN(len(refs))
				off := rng.IntN(sizes[i])
				n := rng.IntN(min(frame, sizes[i]-off)) + 1
				ctx, cancel := context.WithCancel(context.Background())
				switch rng.IntN(8) {
				case 0:
					go cancel()
				case 1:
					c.Prefetch(refs[i], off, sizes[i])
				case 2:
					f.slow.mu.Lock()
					if f.fail = nil; rng.IntN(2) == 0 {
						f.fail = broken
					}
					f.slow.mu.Unlock()
				case 3:
					if p, err := c.GetRange(ctx, refs[i], off, n); err == nil && !bytes.Equal(p, plain[i][off:off+n]) {
						t.Errorf("wrong bytes of %d at %d+%d", i, off, n)
					}
				}
				l, err := c.Lend(ctx, refs[i], off, n)
				cancel()
				if err == nil {
					held, want = append(held, l), append(want, plain[i][off:off+n])
				} else if !errors.Is(err, context.Canceled) && !errors.Is(err, broken) {
					t.Errorf("error %v", err)
				}
				if len(held) > 5 {
					for j := range held {
						if !bytes.Equal(held[j].Bytes, want[j]) {
							t.Errorf("lent bytes changed, seed %d", seed)
						}
						held[j].Return()
					}
					held, want = nil, nil
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkLendMiss(b *testing.B) {
	c, _, refs, _ := filled(b, 4*frame, frames(60)...)
	b.ReportAllocs()
	b.SetBytes(frame)
	for i := 0; b.Loop(); i++ {
		l, err := c.Lend(context.Background(), refs[i%len(refs)], 0, frame)
		if err != nil {
			b.Fatal(err)
		}
		l.Return()
	}
}
