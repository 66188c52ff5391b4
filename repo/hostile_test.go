package repo_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tree"
	"ivyvault/sources/dir"
)

func cheap() seal.Argon { return seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1} }

func opened(t testing.TB, st *mem.Store, password string) *repo.Repo {
	t.Helper()
	r, err := repo.Open(context.Background(), st, repo.Options{Password: []byte(password), CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// content reads one file of a snapshot.
func content(t testing.TB, r *repo.Repo, id repo.Name, path string) []byte {
	t.Helper()
	ctx := context.Background()
	if _, err := r.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	list, err := r.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := repo.FindSnapshot(list, id.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rd := tree.NewReader(r, r.Keys().ContentHash, 0)
	n, err := rd.Resolve(ctx, snap.Root.Ref(), strings.TrimPrefix(path, "/"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := rd.Open(&n)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, n.Size)
	if _, err := f.ReadAt(ctx, p, 0); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHostileBackupKeyHarmsNobodyElse(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	secret := []byte("what another host will back up, and must get back as it is: " + string(make([]byte, 400<<10)))
	if err := os.WriteFile(filepath.Join(root, "file"), secret, 0o644); err != nil {
		t.Fatal(err)
	}
	st := mem.New()
	full, err := repo.Init(ctx, st, repo.InitOptions{Password: []byte("secret"), Argon: cheap()})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"stolen", "honest"} {
		if _, err := full.AddKey(ctx, seal.Backup, p, []byte(p), cheap()); err != nil {
			t.Fatal(err)
		}
	}
	// The thief lists wrong bytes under the right id and commits them.
	thief := opened(t, st, "stolen")
	ref, _ := thief.Keys().Name(chunk.Data, secret, nil)
	_, err = thief.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		if err := w.PutAs(ctx, ref, make([]byte, len(secret))); err != nil {
			return repo.Snapshot{}, err
		}
		root, err := w.Put(ctx, chunk.Page, []byte{0, 0, 0, 0, 0, 0})
		return repo.Snapshot{Root: repo.RootOf(root), Time: time.Now(), Host: "thief"}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"honest", "secret"} {
		r := opened(t, st, password)
		src, err := dir.New([]string{root}, dir.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := backup.Run(ctx, r, backup.Options{Source: src, Paths: []string{root}, Host: password}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := full.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if got := content(t, full, rep.Snapshot, filepath.Join(root, "file")); !bytes.Equal(got, secret) {
			t.Errorf("the file of host %s came back as %d other bytes", password, len(got))
		}
	}
}
