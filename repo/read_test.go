package repo_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/chunk/chunktest"
	"ivyvault/repo"
	"ivyvault/repo/store/mem"
)

// TestAppendRange compares all ways to read with the bytes that were put, with
// and without enough room behind what is appended to.
func TestAppendRange(t *testing.T) {
	ctx := t.Context()
	r, err := repo.Init(ctx, mem.New(), repo.InitOptions{Password: []byte("p"), Argon: cheap(), CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text := bytes.Repeat([]byte("what compresses well, again and again; "), 12000)
	plain := [][]byte{text, chunktest.Noise(3, 3*chunk.FrameSize+77), text[:1000], text[:chunk.FrameSize]}
	refs := make([]chunk.Ref, len(plain))
	_, err = r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		for i, p := range plain {
			if refs[i], err = w.Put(ctx, chunk.Data, p); err != nil {
				return repo.Snapshot{}, err
			}
		}
		root, err := w.Put(ctx, chunk.Page, []byte{0, 0, 0, 0, 0, 0})
		return repo.Snapshot{Root: repo.RootOf(root), Time: time.Now(), Host: "h"}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		i := rng.IntN(len(refs))
		off := rng.IntN(len(plain[i]))
		if rng.IntN(2) == 0 {
			off -= off % chunk.FrameSize
		}
		n := rng.IntN(len(plain[i]) - off + 1)
		dst := append(make([]byte, 0, rng.IntN(4*chunk.FrameSize)+4), "dst:"...)
		got, err := r.AppendRange(ctx, dst, refs[i], off, n)
		if err != nil || string(got[:4]) != "dst:" || !bytes.Equal(got[4:], plain[i][off:off+n]) {
			t.Fatalf("chunk %d, %d+%d behind 4 of %d: %d bytes, %v", i, off, n, cap(dst), len(got), err)
		}
	}
}
