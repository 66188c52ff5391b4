package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tree"
	"ivyvault/sources/dir"
)

// cheap is a key derivation that tests can afford.
func cheap() seal.Argon { return seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1} }

func newRepo(t testing.TB, st *mem.Store) *repo.Repo {
	t.Helper()
	r, err := repo.Init(context.Background(), st, repo.InitOptions{Password: []byte("secret"), Argon: cheap(), Config: repo.Config{PackSize: repo.MinPackSize}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func run(t testing.TB, r *repo.Repo, root string) backup.Report {
	t.Helper()
	src, err := dir.New([]string{root}, dir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := backup.Run(context.Background(), r, backup.Options{Source: src, Paths: []string{root}, Host: "host"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// files reads everything below root of a snapshot.
func files(t testing.TB, r *repo.Repo, id repo.Name, root string) map[string][]byte {
	t.Helper()
	ctx := context.Background()
	list, err := r.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := repo.FindSnapshot(list, id.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rd := tree.NewReader(r, r.Keys().ContentHash, 1<<20)
	out := map[string][]byte{}
	prefix := strings.TrimPrefix(root, "/") + "/"
	err = rd.Walk(ctx, snap.Root.Ref(), func(dir string, n *tree.Node) error {
		path := tree.Join(dir, n.Name)
		if n.Type != tree.File {
			return nil
		}
		f, err := rd.Open(n)
		if err != nil {
			return err
		}
		p := make([]byte, n.Size)
		if _, err := f.ReadAt(ctx, p, 0); err != nil && n.Size > 0 {
			return fmt.Errorf("%s: %w", path, err)
		}
		rel, ok := strings.CutPrefix(path, prefix)
		if !ok {
			return fmt.Errorf("unexpected path %s", path)
		}
		out[rel] = p
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func disk(t testing.TB, root string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		p, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		out[rel] = p
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func same(t testing.TB, got, want map[string][]byte) {
	t.Helper()
	for p, w := range want {
		g, ok := got[p]
		if !ok {
			t.Errorf("%s is missing", p)
		} else if !bytes.Equal(g, w) {
			t.Errorf("%s: %d bytes, want %d, or others", p, len(g), len(w))
		}
	}
	for p := range got {
		if _, ok := want[p]; !ok {
			t.Errorf("%s should not be there", p)
		}
	}
}

// fill makes files of many sizes; some compress, some do not.
func fill(t testing.TB, rng *rand.Rand, root string, n int) {
	t.Helper()
	for i := range n {
		d := filepath.Join(root, fmt.Sprintf("d%02d", rng.IntN(7)), fmt.Sprintf("e%d", rng.IntN(3)))
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
		size := 0
		switch rng.IntN(10) {
		case 0:
			size = rng.IntN(64)
		case 1:
			size = rng.IntN(400 << 10)
		case 2:
			if i%17 == 0 {
				size = rng.IntN(5 << 20)
			}
		default:
			size = rng.IntN(4000)
		}
		p := make([]byte, size)
		if rng.IntN(3) == 0 {
			for j := range p {
				p[j] = byte(rng.Uint32())
			}
		} else {
			for j := range p {
				p[j] = "lorem ipsum dolor"[(j+i)%17]
			}
		}
		if err := os.WriteFile(filepath.Join(d, fmt.Sprintf("f%04d", i)), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryByteComesBack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	root := t.TempDir()
	r := newRepo(t, mem.New())
	fill(t, rng, root, 300)
	time.Sleep(30 * time.Millisecond) // what changed a moment ago is always read again
	first := run(t, r, root)
	same(t, files(t, r, first.Snapshot, root), disk(t, root))

	second := run(t, r, root)
	if second.Stats.FilesUnchanged != second.Stats.Files || second.Stats.BytesRead != 0 {
		t.Errorf("the unchanged run read: %+v", second.Stats)
	}
	if second.Stats.ChunksNew > 4 { // directories above the root may have changed
		t.Errorf("the unchanged run put %d chunks", second.Stats.ChunksNew)
	}
	fill(t, rng, root, 100)
	os.RemoveAll(filepath.Join(root, "d03"))
	third := run(t, r, root)
	same(t, files(t, r, third.Snapshot, root), disk(t, root))
	if third.Stats.FilesUnchanged == 0 || third.Stats.FilesNew+third.Stats.FilesChanged == 0 {
		t.Errorf("unexpected counts: %+v", third.Stats)
	}
}
