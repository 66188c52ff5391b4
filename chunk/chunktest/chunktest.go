package chunktest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"ivyvault/chunk"
)

// Pair is what is tested. Getter is called after the last Put of a case, and
// makes what was put readable: by a commit, for instance.
type Pair struct {
	chunk.Putter
	Getter func() chunk.Getter
}

// Run checks a pair that names chunks by keys. Open is called for each case.
func Run(t *testing.T, keys *chunk.Keys, open func(t *testing.T) Pair) {
	t.Run("what is put is got", func(t *testing.T) { roundTrip(t, keys, open(t)) })
	t.Run("the caller may reuse what it put", func(t *testing.T) { reuse(t, open(t)) })
	t.Run("put twice", func(t *testing.T) { twice(t, open(t)) })
	t.Run("what can't be put", func(t *testing.T) { refused(t, open(t)) })
	t.Run("unknown chunks", func(t *testing.T) { unknown(t, keys, open(t)) })
	t.Run("ranges", func(t *testing.T) { ranges(t, open(t)) })
	t.Run("many at once", func(t *testing.T) { together(t, open(t)) })
}

// Noise returns n bytes that depend on the seed only.
func Noise(seed byte, n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

func put(t *testing.T, p Pair, kind chunk.Kind, b []byte) chunk.Ref {
	t.Helper()
	ref, err := p.Put(t.Context(), kind, b)
	if err != nil {
		t.Fatalf("put %d bytes: %v", len(b), err)
	}
	return ref
}

func want(t *testing.T, g chunk.Getter, ref chunk.Ref, b []byte) {
	t.Helper()
	got, err := g.Get(t.Context(), ref)
	if err != nil {
		t.Errorf("get %v: %v", ref, err)
	} else if !bytes.Equal(got, b) {
		t.Errorf("get %v: other bytes", ref)
	}
}

func roundTrip(t *testing.T, keys *chunk.Keys, p Pair) {
	type one struct {
		ref chunk.Ref
		b   []byte
	}
	var all []one
	for _, kind := range []chunk.Kind{chunk.Data, chunk.Page, chunk.List} {
		for i, n := range []int{1, 1000, chunk.FrameSize - 1, chunk.FrameSize, chunk.FrameSize + 1, 3*chunk.FrameSize + 7} {
			b := Noise(byte(i), n)
			if i%2 == 1 {
				b = bytes.Repeat([]byte("compressible "), n/13+1)[:n]
			}
			ref := put(t, p, kind, b)
			if name, _ := keys.Name(kind, b, nil); ref != name {
				t.Errorf("%v, %d bytes: put under %v, its name is %v", kind, n, ref, name)
			}
			all = append(all, one{ref, b})
		}
	}
	g := p.Getter()
	for _, o := range all {
		want(t, g, o.ref, o.b)
	}
}

func reuse(t *testing.T, p Pair) {
	b := Noise(1, 5000)
	keep := bytes.Clone(b)
	ref := put(t, p, chunk.Data, b)
	clear(b)
	want(t, p.Getter(), ref, keep)
}

func twice(t *testing.T, p Pair) {
	b := Noise(2, chunk.FrameSize+5)
	first := put(t, p, chunk.Data, b)
	if second := put(t, p, chunk.Data, b); second != first {
		t.Errorf("the same bytes are %v, then %v", first, second)
	}
	if page := put(t, p, chunk.Page, b); page.ID == first.ID {
		t.Error("the same bytes of another kind have the same id")
	}
	want(t, p.Getter(), first, b)
}

func refused(t *testing.T, p Pair) {
	if _, err := p.Put(t.Context(), chunk.Data, nil); err == nil {
		t.Error("an empty chunk is put")
	}
	if _, err := p.Put(t.Context(), 9, []byte("x")); err == nil {
		t.Error("a chunk of an unknown kind is put")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Put(ctx, chunk.Data, []byte("x")); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("put under an ended context: %v", err)
	}
}

func unknown(t *testing.T, keys *chunk.Keys, p Pair) {
	b := Noise(3, 1000)
	known := put(t, p, chunk.Data, b)
	g := p.Getter()
	never, _ := keys.Name(chunk.Data, []byte("never put"), nil)
	otherKind := known
	otherKind.Kind = chunk.Page
	for name, ref := range map[string]chunk.Ref{"never put": never, "of another kind": otherKind} {
		if _, err := g.Get(t.Context(), ref); !errors.Is(err, chunk.ErrNotFound) {
			t.Errorf("get of a chunk %s: %v", name, err)
		}
		if _, err := g.GetRange(t.Context(), ref, 0, 1); !errors.Is(err, chunk.ErrNotFound) {
			t.Errorf("get of a part of a chunk %s: %v", name, err)
		}
	}
	otherSize := known
	otherSize.Size--
	if _, err := g.Get(t.Context(), otherSize); err == nil {
		t.Error("get of a chunk with a wrong size succeeds")
	}
	want(t, g, known, b)
}

func ranges(t *testing.T, p Pair) {
	const f = chunk.FrameSize
	b := Noise(4, 3*f+100)
	ref := put(t, p, chunk.Data, b)
	g := p.Getter()
	for _, r := range [][2]int{{0, 1}, {0, len(b)}, {f - 1, 2}, {f, f}, {f - 1, f + 2}, {3 * f, 100}, {len(b) - 1, 1}, {len(b), 0}, {0, 0}, {5, 3 * f}} {
		got, err := g.GetRange(t.Context(), ref, r[0], r[1])
		if err != nil || !bytes.Equal(got, b[r[0]:r[0]+r[1]]) {
			t.Errorf("%d bytes at %d: %d bytes, %v", r[1], r[0], len(got), err)
		}
	}
	for _, r := range [][2]int{{-1, 1}, {0, -1}, {0, len(b) + 1}, {len(b), 1}, {len(b) + 1, 0}, {1 << 40, 1}} {
		if _, err := g.GetRange(t.Context(), ref, r[0], r[1]); err == nil {
			t.Errorf("%d bytes at %d: no error", r[1], r[0])
		}
	}
}

func together(t *testing.T, p Pair) {
	var wg sync.WaitGroup
	const n = 16
	refs := make([]chunk.Ref, n)
	for i := range refs {
		wg.Go(func() {
			var err error
			if refs[i], err = p.Put(t.Context(), chunk.Data, Noise(byte(i/2), 20000*(i/2+1))); err != nil {
				t.Errorf("put: %v", err)
			}
		})
	}
	wg.Wait()
	g := p.Getter()
	for i := range refs {
		wg.Go(func() { want(t, g, refs[i], Noise(byte(i/2), 20000*(i/2+1))) })
	}
	wg.Wait()
}
