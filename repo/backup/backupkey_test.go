package backup_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// opened opens the repository in st with a password and a cache.
func opened(t testing.TB, st *mem.Store, password, cache string) *repo.Repo {
	t.Helper()
	r, err := repo.Open(context.Background(), st, repo.Options{Password: []byte(password), CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// size is the sum of all objects in the store, in bytes.
func size(t testing.TB, st *mem.Store) (sum int64) {
	t.Helper()
	for _, typ := range store.Types {
		if err := st.List(context.Background(), typ, func(i store.Info) error { sum += i.Size; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func smallFiles(t testing.TB, rng *rand.Rand, root string, n int) {
	t.Helper()
	for i := range n {
		d := filepath.Join(root, fmt.Sprintf("d%03d", i/500))
		if i%500 == 0 {
			if err := os.MkdirAll(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		p := make([]byte, 100+rng.IntN(1400))
		for j := range p {
			p[j] = byte(rng.Uint32N(64))
		}
		if err := os.WriteFile(filepath.Join(d, fmt.Sprintf("f%05d", i)), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBackupKeyIsIncrementalAndSurvivesALostCache(t *testing.T) {
	n := 1500
	if os.Getenv("IVYVAULT_LARGE") != "" {
		n = 50000
	}
	root, cache := t.TempDir(), t.TempDir()
	smallFiles(t, rand.New(rand.NewPCG(7, 7)), root, n)
	time.Sleep(30 * time.Millisecond)
	st := mem.New()
	full := newRepo(t, st)
	if _, err := full.AddKey(context.Background(), seal.Backup, "engine host", []byte("nightly"), cheap()); err != nil {
		t.Fatal(err)
	}

	r := opened(t, st, "nightly", cache)
	first := run(t, r, root)
	if first.Stats.FilesNew != int64(n) {
		t.Fatalf("first run: %+v", first.Stats)
	}
	grown := size(t, st)

	// It reads nothing back: an unchanged run compares with its own record.
	r = opened(t, st, "nightly", cache)
	second := run(t, r, root)
	if second.Stats.FilesUnchanged != int64(n) || second.Stats.BytesRead != 0 || second.Stats.ChunksNew > 8 {
		t.Errorf("unchanged run: %+v", second.Stats)
	}

	// Without its cache it reads everything and adds next to nothing.
	before := size(t, st)
	r = opened(t, st, "nightly", t.TempDir())
	third := run(t, r, root)
	if third.Stats.FilesUnchanged != 0 || third.Stats.BytesRead == 0 {
		t.Errorf("run without the cache: %+v", third.Stats)
	}
	added := size(t, st) - before
	t.Logf("first run stored %d bytes, the run without a cache added %d (%.2f %%)", grown, added, 100*float64(added)/float64(grown))
	if n >= 50000 && added*100 > 3*grown {
		t.Errorf("the run without a cache added %d of %d bytes, more than 3 %%", added, grown)
	}
	if third.Stats.ChunksNew > 8 {
		t.Errorf("the run without a cache put %d new chunks", third.Stats.ChunksNew)
	}
	if _, err := full.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []repo.Name{first.Snapshot, second.Snapshot, third.Snapshot} {
		same(t, files(t, full, id, root), disk(t, root))
	}
}

func TestBackupKeyReadsNothing(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	smallFiles(t, rand.New(rand.NewPCG(1, 1)), root, 10)
	st := mem.New()
	full := newRepo(t, st)
	rep := run(t, full, root)
	if _, err := full.AddKey(ctx, seal.Backup, "engine host", []byte("nightly"), cheap()); err != nil {
		t.Fatal(err)
	}
	r := opened(t, st, "nightly", t.TempDir())
	if _, err := r.Snapshots(ctx); !errors.Is(err, repo.ErrNeedsFull) {
		t.Errorf("snapshots under a backup key: %v", err)
	}
	list, err := full.Snapshots(ctx)
	if err != nil || list[0].ID != rep.Snapshot {
		t.Fatal(list, err)
	}
	if _, err := r.Get(ctx, list[0].Root.Ref()); !errors.Is(err, repo.ErrNeedsFull) {
		t.Errorf("a chunk under a backup key: %v", err)
	}
	if _, err := r.AddKey(ctx, seal.Full, "mine", []byte("x"), cheap()); !errors.Is(err, repo.ErrNeedsFull) {
		t.Errorf("adding a key under a backup key: %v", err)
	}
}
