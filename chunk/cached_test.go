package chunk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"ivyvault/chunk"
	"ivyvault/chunk/chunktest"
)

const frame = chunk.FrameSize

// slow is a Getter whose calls can be held up, counted and made to fail.
type slow struct {
	chunk.Getter
	calls atomic.Int64
	gate  chan struct{} // nil: open; else a call waits until it can receive
	mu    sync.Mutex
	asked []string
	fail  error
}

func (s *slow) Get(ctx context.Context, ref chunk.Ref) ([]byte, error) {
	return s.GetRange(ctx, ref, 0, int(ref.Size))
}

func (s *slow) GetRange(ctx context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	s.calls.Add(1)
	s.mu.Lock()
	s.asked = append(s.asked, fmt.Sprintf("%d+%d", off, n))
	fail := s.fail
	s.mu.Unlock()
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if fail != nil {
		return nil, fail
	}
	return s.Getter.GetRange(ctx, ref, off, n)
}

// stocked returns a cache over a slow Getter that knows chunks of these sizes.
func stocked(t testing.TB, limit int, sizes ...int) (*chunk.Cached, *slow, []chunk.Ref, [][]byte) {
	m := chunktest.NewMem(chunk.NewKeys([32]byte{7}))
	var refs []chunk.Ref
	var plain [][]byte
	for i, n := range sizes {
		p := chunktest.Noise(byte(i), n)
		ref, err := m.Put(context.Background(), chunk.Data, p)
		if err != nil {
			t.Fatal(err)
		}
		refs, plain = append(refs, ref), append(plain, p)
	}
	s := &slow{Getter: m}
	c := chunk.NewCached(s, limit)
	t.Cleanup(c.Close)
	return c, s, refs, plain
}

func get(t *testing.T, c chunk.Getter, ref chunk.Ref, plain []byte, off, n int) []byte {
	t.Helper()
	p, err := c.GetRange(t.Context(), ref, off, n)
	if err != nil || !bytes.Equal(p, plain[off:off+n]) {
		t.Fatalf("%d+%d: %d bytes, %v", off, n, len(p), err)
	}
	return p
}

func TestCachedFetchesFramesOnce(t *testing.T) {
	c, s, refs, plain := stocked(t, 1<<20, 6*frame+10)
	get(t, c, refs[0], plain[0], 2*frame+5, 10)
	get(t, c, refs[0], plain[0], 2*frame+500, 1000)
	get(t, c, refs[0], plain[0], 0, 6*frame+10) // two gaps around frame 2
	get(t, c, refs[0], plain[0], 3*frame-1, frame)
	if got, want := fmt.Sprint(s.asked), fmt.Sprintf("[%d+%d 0+%d %d+%d]", 2*frame, frame, 2*frame, 3*frame, 3*frame+10); got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
}

func TestCachedDoesNotCopyWhatCameAsOne(t *testing.T) {
	c, _, refs, plain := stocked(t, 2<<20, 100, 5*frame)
	for i := range refs {
		a := get(t, c, refs[i], plain[i], 0, len(plain[i]))
		b := get(t, c, refs[i], plain[i], 0, len(plain[i]))
		if &a[0] != &b[0] {
			t.Errorf("chunk %d is copied", i)
		}
		if cap(a) != len(a) {
			t.Errorf("chunk %d can be appended to in place", i)
		}
	}
}

func TestCachedSharesOneFetch(t *testing.T) {
	c, s, refs, plain := stocked(t, 1<<20, frame)
	s.gate = make(chan struct{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { get(t, c, refs[0], plain[0], 10, 20) })
	}
	s.gate <- struct{}{}
	wg.Wait()
	if n := s.calls.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestCachedInterruptedReader(t *testing.T) {
	c, s, refs, plain := stocked(t, 1<<20, frame)
	s.gate = make(chan struct{})
	ctx, interrupt := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := c.Get(ctx, refs[0])
		first <- err
	}()
	for s.calls.Load() == 0 {
	}
	second := make(chan []byte)
	go func() {
		p, _ := c.Get(t.Context(), refs[0])
		second <- p
	}()
	interrupt()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the interrupted reader got %v", err)
	}
	s.gate <- struct{}{}
	if p := <-second; !bytes.Equal(p, plain[0]) {
		t.Errorf("the other reader got %d bytes", len(p))
	}
	if n := s.calls.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestCachedKeepsNoErrors(t *testing.T) {
	c, s, refs, plain := stocked(t, 1<<20, 3*frame)
	s.fail = errors.New("no route to the store")
	for range 3 {
		if _, err := c.Get(t.Context(), refs[0]); !errors.Is(err, s.fail) {
			t.Errorf("got %v", err)
		}
		if c.Bytes() != 0 {
			t.Errorf("%d bytes are counted after an error", c.Bytes())
		}
	}
	s.fail = nil
	get(t, c, refs[0], plain[0], 0, 3*frame)
	unknown := refs[0]
	unknown.ID[5] ^= 1
	if _, err := c.Get(t.Context(), unknown); !errors.Is(err, chunk.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

// short is a Getter that returns too little.
type short struct{ chunk.Getter }

func (s short) GetRange(ctx context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	p, err := s.Getter.GetRange(ctx, ref, off, n)
	return p[:len(p)-1], err
}

func TestCachedRefusesShortAnswers(t *testing.T) {
	_, s, refs, _ := stocked(t, 1<<20, 1000)
	c := chunk.NewCached(short{s}, 1<<20)
	defer c.Close()
	if _, err := c.Get(t.Context(), refs[0]); err == nil {
		t.Error("no error")
	}
}

func TestCachedStaysInItsBound(t *testing.T) {
	sizes := make([]int, 40)
	for i := range sizes {
		sizes[i] = 1 + i*i*300
	}
	const limit = 10 * frame
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c, _, refs, plain := stocked(t, limit, sizes...)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		i := rng.IntN(len(refs))
		off := rng.IntN(sizes[i])
		get(t, c, refs[i], plain[i], off, rng.IntN(sizes[i]-off)+1)
		if c.Bytes() > limit {
			t.Fatalf("%d bytes, the limit is %d", c.Bytes(), limit)
		}
	}
	if c.Bytes() < limit/2 {
		t.Errorf("only %d bytes are used of %d", c.Bytes(), limit)
	}
}

func TestCachedServesMoreThanItsBound(t *testing.T) {
	c, s, refs, plain := stocked(t, frame, 5*frame, 10)
	get(t, c, refs[0], plain[0], 0, 5*frame)
	get(t, c, refs[1], plain[1], 0, 10)
	if c.Bytes() > frame {
		t.Errorf("%d bytes are kept", c.Bytes())
	}
	n := s.calls.Load()
	get(t, c, refs[1], plain[1], 0, 10)
	if s.calls.Load() != n {
		t.Error("the small chunk was driven out by one that doesn't fit")
	}
}

func TestCachedScanSparesWhatIsWanted(t *testing.T) {
	sizes := make([]int, 200)
	for i := range sizes {
		sizes[i] = frame
	}
	c, s, refs, plain := stocked(t, 40*frame, sizes...)
	for range 2 {
		for i := range 4 {
			get(t, c, refs[i], plain[i], 0, frame)
		}
	}
	for i := 4; i < 200; i++ {
		get(t, c, refs[i], plain[i], 0, frame)
		get(t, c, refs[i%4], plain[i%4], 0, frame)
	}
	if n := s.calls.Load(); n > 210 {
		t.Errorf("%d fetches of 200 chunks", n)
	}
}

func TestCachedPrefetch(t *testing.T) {
	c, s, refs, plain := stocked(t, 4<<20, 6*frame)
	get(t, c, refs[0], plain[0], 0, frame)
	if !c.Prefetch(refs[0], 0, 4*frame) {
		t.Error("nothing is begun")
	}
	get(t, c, refs[0], plain[0], frame, 3*frame)
	if n := s.calls.Load(); n != 2 {
		t.Errorf("%d fetches: %v", n, s.asked)
	}
	for _, r := range [][2]int{{0, 4 * frame}, {-5, 10}, {7 * frame, 10}, {0, 0}} {
		if !c.Prefetch(refs[0], r[0], r[1]) {
			t.Errorf("%v: what is there is begun again", r)
		}
	}
}

func TestCachedPrefetchIsBounded(t *testing.T) {
	sizes := make([]int, 100)
	for i := range sizes {
		sizes[i] = 1000 + i
	}
	c, s, refs, plain := stocked(t, 4<<20, sizes...)
	s.gate = make(chan struct{})
	begun := 0
	for _, ref := range refs {
		if c.Prefetch(ref, 0, 1000) {
			begun++
		}
	}
	if begun == 0 || begun > 40 {
		t.Errorf("%d of 100 are begun at once", begun)
	}
	close(s.gate)
	for i := range refs {
		get(t, c, refs[i], plain[i], 0, sizes[i])
	}
}

func TestCachedClose(t *testing.T) {
	c, s, refs, plain := stocked(t, 1<<20, 100, 200)
	get(t, c, refs[1], plain[1], 0, 200)
	s.gate = make(chan struct{})
	got := make(chan error)
	go func() {
		_, err := c.Get(t.Context(), refs[0])
		got <- err
	}()
	for s.calls.Load() < 2 {
	}
	c.Close()
	if err := <-got; err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("who waits gets %v", err)
	}
	if _, err := c.Get(t.Context(), refs[0]); err == nil {
		t.Error("a closed cache fetches")
	}
	if c.Prefetch(refs[0], 0, 1) {
		t.Error("a closed cache reads ahead")
	}
	if c.Bytes() != 0 {
		t.Errorf("%d bytes are left", c.Bytes())
	}
}

// TestCachedTogether has readers, interrupted ones among them, and failures,
// over a cache that is too small.
func TestCachedTogether(t *testing.T) {
	sizes := []int{100, frame, 3 * frame, 5*frame + 1, 2000, 2*frame + 3}
	c, s, refs, plain := stocked(t, 4*frame, sizes...)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var wg sync.WaitGroup
	broken := errors.New("now and then")
	for w := range 8 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for range 200 {
				i := rng.IntN(len(refs))
				off := rng.IntN(sizes[i])
				n := rng.IntN(sizes[i]-off) + 1
				ctx, cancel := context.WithCancel(context.Background())
				switch rng.IntN(6) {
				case 0:
					go cancel()
				case 1:
					c.Prefetch(refs[i], off, n)
				case 2:
					s.mu.Lock()
					if s.fail = nil; rng.IntN(2) == 0 {
						s.fail = broken
					}
					s.mu.Unlock()
				}
				p, err := c.GetRange(ctx, refs[i], off, n)
				cancel()
				if err == nil && !bytes.Equal(p, plain[i][off:off+n]) {
					t.Errorf("wrong bytes of %d at %d+%d", i, off, n)
				}
				if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, broken) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkCachedHit(b *testing.B) {
	c, _, refs, _ := stocked(b, 16<<20, 8*frame, 3000)
	for name, f := range map[string]func() ([]byte, error){
		"4KiB":  func() ([]byte, error) { return c.GetRange(context.Background(), refs[0], 5*frame+4096, 4096) },
		"small": func() ([]byte, error) { return c.Get(context.Background(), refs[1]) },
		"chunk": func() ([]byte, error) { return c.Get(context.Background(), refs[0]) },
	} {
		if _, err := c.Get(context.Background(), refs[0]); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := f(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkCachedMiss(b *testing.B) {
	c, _, refs, _ := stocked(b, 1, 3000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Get(context.Background(), refs[0]); err != nil {
			b.Fatal(err)
		}
	}
}
