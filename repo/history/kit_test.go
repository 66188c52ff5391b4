package history_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/tree"
)

// cheap is a key derivation that tests can afford.
func cheap() seal.Argon { return seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1} }

var password = []byte("secret")

func initRepo(t testing.TB, st store.Store, cache string) *repo.Repo {
	t.Helper()
	r, err := repo.Init(context.Background(), st, repo.InitOptions{
		Password: password, Argon: cheap(), Config: repo.Config{PackSize: repo.MinPackSize}, CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// forest is a tree of dirs directories with files each, of which a night
// changes a few. Only what changed is written again.
type forest struct {
	dirs, files int
	at          []int // for each directory, which night changed it last
	refs        []chunk.Ref
	nights      int
}

// body is the content of a file as of a night: all files of a directory but
// one in files, chosen by the night, are as they were on the first.
func (f *forest) body(dir, file int) string {
	if n := f.at[dir]; n > 0 && file == n%f.files {
		return fmt.Sprintf("file %d of %d as of night %d", file, dir, n)
	}
	return fmt.Sprintf("file %d of %d", file, dir)
}

// night changes directories and commits a snapshot.
func (f *forest) night(t testing.TB, r *repo.Repo, changed ...int) repo.Snapshot {
	t.Helper()
	if f.at == nil {
		f.at, f.refs = make([]int, f.dirs), make([]chunk.Ref, f.dirs)
	}
	for _, d := range changed {
		f.at[d], f.refs[d] = f.nights, chunk.Ref{}
	}
	s, err := r.Write(context.Background(), func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		cut := tree.Cut{Secret: r.SplitterSecret()}
		top, sub := tree.NewDirWriter(w, cut), tree.NewDirWriter(w, cut)
		for d := range f.dirs {
			if f.refs[d].IsZero() || !w.Reuse(f.refs[d]) {
				for i := range f.files {
					body := f.body(d, i)
					n := tree.Node{Name: fmt.Sprintf("document-%08d.json", i), Type: tree.File, Mode: 0o644, Size: uint64(len(body)),
						MTime: tree.Time{Sec: int64(i)}, Inode: uint64(i), Content: tree.Content{Form: tree.Inline, Inline: []byte(body)}}
					if err := sub.Add(ctx, &n); err != nil {
						return repo.Snapshot{}, err
					}
				}
				var err error
				if f.refs[d], err = sub.Close(ctx); err != nil {
					return repo.Snapshot{}, err
				}
			}
			n := tree.Node{Name: fmt.Sprintf("folder %06d", d), Type: tree.Dir, Mode: 0o755, Tree: f.refs[d]}
			if err := top.Add(ctx, &n); err != nil {
				return repo.Snapshot{}, err
			}
		}
		root, err := top.Close(ctx)
		return repo.Snapshot{Time: time.Unix(int64(f.nights)*86400, 0), Host: "host", Paths: []string{"/srv"}, Root: repo.RootOf(root)}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.nights++
	return s
}
