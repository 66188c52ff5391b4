package repo_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tree"
)

// folder folds in this process and notes what was in memory before.
type folder struct {
	fetched int
	fail    error
}

func (f *folder) fold(ctx context.Context, dir string, live []index.Name, fetch index.Fetch) error {
	if f.fail != nil {
		return f.fail
	}
	_, err := index.Fold(ctx, dir, live, func(ctx context.Context, n index.Name) (index.Signer, index.File, error) {
		f.fetched++
		signer, p, err := fetch(ctx, n)
		if err != nil {
			return signer, index.File{}, err
		}
		file, err := index.Decode(p)
		return signer, file, err
	})
	return err
}

// tiny puts n chunks of eight bytes from number first on.
func tiny(t *testing.T, r *repo.Repo, first, n int) {
	t.Helper()
	_, err := r.Write(t.Context(), func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		list := tree.NewListWriter(w)
		for i := range n {
			ref, err := w.Put(ctx, chunk.Data, binary.BigEndian.AppendUint64(nil, uint64(first+i)))
			if err == nil {
				err = list.AddChunk(ctx, ref)
			}
			if err != nil {
				return repo.Snapshot{}, err
			}
		}
		content, size, err := list.Close(ctx)
		if err != nil {
			return repo.Snapshot{}, err
		}
		d := tree.NewDirWriter(w, tree.Cut{Secret: r.SplitterSecret()})
		node := tree.Node{Name: "f", Type: tree.File, Mode: 0o644, Size: size, Content: content}
		if err := d.Add(ctx, &node); err != nil {
			return repo.Snapshot{}, err
		}
		root, err := d.Close(ctx)
		return repo.Snapshot{Time: time.Now(), Host: "h", Paths: []string{"/p"}, Root: repo.RootOf(root)}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestIndexIsFolded: what is too much for memory goes to the disk, what a fold
// can't do stays in memory, and damage is told either way.
func TestIndexIsFolded(t *testing.T) {
	const each = 40_000 // two files of this are more than stays in memory
	st := mem.New()
	r, err := repo.Init(t.Context(), st, repo.InitOptions{Password: []byte("full"), Argon: seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	tiny(t, r, 0, each)
	tiny(t, r, each, each)
	refs := make([]chunk.Ref, 2*each)
	for i := range refs {
		refs[i], _ = r.Keys().Name(chunk.Data, binary.BigEndian.AppendUint64(nil, uint64(i)), nil)
	}
	open := func(cache string, f *folder) *repo.Repo {
		r, err := repo.Open(t.Context(), st, repo.Options{Password: []byte("full"), CacheDir: cache, Fold: f.fold})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	all := func(r *repo.Repo) {
		t.Helper()
		ix, err := r.Index(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(refs); i += 7 {
			ref := refs[i]
			if got := ix.All(ref.ID, ref.Kind, nil); len(got) != 1 || got[0].Size != 8 || got[0].Signer != r.Signer() {
				t.Fatalf("chunk %d: %+v", i, got)
			}
		}
	}
	cache := t.TempDir()
	for k, want := range []int{len(r.State().Index()), 0} { // the second process finds it
		f := &folder{}
		r := open(cache, f)
		all(r)
		if f.fetched != want {
			t.Errorf("process %d: %d index files were fetched for a fold, want %d", k, f.fetched, want)
		}
		if ix, _ := r.Index(t.Context()); len(ix.Covered()) != len(r.State().Index()) {
			t.Errorf("process %d: %d index files are on the disk", k, len(ix.Covered()))
		}
	}
	r = open(t.TempDir(), &folder{fail: errors.New("no room")})
	all(r)
	if ix, _ := r.Index(t.Context()); len(ix.Covered()) != 0 {
		t.Error("a fold that failed left something")
	}

	var name store.Name // the largest file: others list pages only
	var p []byte
	for _, n := range r.State().Index() {
		x := store.Name{Type: store.Index, Name: repo.Name(n).String()}
		got, err := st.Get(t.Context(), x, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > len(p) {
			name, p = x, got
		}
	}
	p[len(p)/2] ^= 1
	st.Replace(name, p)
	for _, f := range []*folder{{}, {fail: errors.New("no room")}} {
		r := open(t.TempDir(), f)
		if _, err := r.Index(t.Context()); !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("a damaged index file: %v", err)
		}
		var told []string
		ix, err := r.IndexLenient(t.Context(), func(n repo.Name, _ error) { told = append(told, n.String()) })
		if err != nil || len(told) != 1 || told[0] != name.Name {
			t.Fatalf("told of %v, want %s: %v", told, name.Name, err)
		}
		found := 0
		for _, ref := range refs {
			found += len(ix.All(ref.ID, ref.Kind, nil))
		}
		if found == 0 || found == len(refs) {
			t.Errorf("%d of %d chunks are found beside a damaged index file", found, len(refs))
		}
		if _, err := r.Index(t.Context()); !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("a damaged index file, asked for again: %v", err)
		}
	}
}
