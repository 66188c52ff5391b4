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

// A thief with a stolen backup key writes a snapshot in another host's name,
// whose entry for a file has the file's own times but other bytes.
func TestHostileParentIsNotBelieved(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, []byte("what the host has"), 0o644); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	st := mem.New()
	full, err := repo.Init(ctx, st, repo.InitOptions{Password: []byte("secret"), Argon: cheap()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.AddKey(ctx, seal.Backup, "stolen", []byte("stolen"), cheap()); err != nil {
		t.Fatal(err)
	}
	capture := func(r *repo.Repo) backup.Report {
		src, err := dir.New([]string{root}, dir.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := backup.Run(ctx, r, backup.Options{Source: src, Paths: []string{root}, Host: "host"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	// The same length, and the times put back: only the inode's ctime differs,
	// which the thief's entry simply claims.
	thief := opened(t, st, "stolen")
	honest := opened(t, st, "secret")
	first := capture(honest)
	if _, err := thief.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		forged, err := forge(ctx, honest, w, first.Snapshot, filepath.Dir(file), info.Name(), []byte("what was never so"))
		return repo.Snapshot{Root: repo.RootOf(forged), Time: time.Now(), Host: "host", Paths: []string{root}}, err
	}); err != nil {
		t.Fatal(err)
	}
	victim := opened(t, st, "secret")
	rep := capture(victim)
	if got := content(t, victim, rep.Snapshot, file); string(got) != "what the host has" {
		t.Errorf("the host's file came back as %q", got)
	}
	if rep.Parent == nil || *rep.Parent != first.Snapshot {
		t.Errorf("the parent is %v, want the host's own %v", rep.Parent, first.Snapshot)
	}
}

// forge writes the tree of a snapshot with other bytes for one file.
func forge(ctx context.Context, r *repo.Repo, w *repo.Writer, id repo.Name, dir, name string, bytes []byte) (chunk.Ref, error) {
	list, err := r.Snapshots(ctx)
	if err != nil {
		return chunk.Ref{}, err
	}
	snap, err := repo.FindSnapshot(list, id.String(), nil)
	if err != nil {
		return chunk.Ref{}, err
	}
	rd := tree.NewReader(r, r.Keys().ContentHash, 0)
	return forgeDir(ctx, rd, w, tree.Cut{Secret: r.SplitterSecret()}, snap.Root.Ref(), "", strings.Trim(dir, "/"), name, bytes)
}

func forgeDir(ctx context.Context, rd *tree.Reader, w *repo.Writer, cut tree.Cut, ref chunk.Ref, at, dir, name string, bytes []byte) (chunk.Ref, error) {
	out := tree.NewDirWriter(w, cut)
	for n, err := range rd.Entries(ctx, ref) {
		if err != nil {
			return chunk.Ref{}, err
		}
		n = n.Clone()
		if n.Type == tree.Dir {
			if n.Tree, err = forgeDir(ctx, rd, w, cut, n.Tree, tree.Join(at, n.Name), dir, name, bytes); err != nil {
				return chunk.Ref{}, err
			}
		} else if at == dir && n.Name == name {
			n.Content = tree.Content{Form: tree.Inline, Inline: bytes}
			n.Size = uint64(len(bytes))
		}
		if err := out.Add(ctx, &n); err != nil {
			return chunk.Ref{}, err
		}
	}
	return out.Close(ctx)
}
