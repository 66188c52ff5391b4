package prooftest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/check"
	"ivyvault/repo/forget"
	"ivyvault/repo/prune"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/tree"
	"ivyvault/sources/dir"
)

const password = "correct horse"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func initRepo(ctx context.Context, st store.Store) (*repo.Repo, error) {
	return repo.Init(ctx, st, repo.InitOptions{Password: []byte(password), Argon: seal.Argon{Passes: 1, MemoryKiB: 8, Lanes: 1},
		Config: repo.Config{PackSize: repo.MinPackSize}})
}

func openRepo(ctx context.Context, st store.Store) (*repo.Repo, error) {
	return repo.Open(ctx, st, repo.Options{Password: []byte(password)})
}

// noise returns n bytes that do not compress, told by a number.
func noise(number, n int) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(number), byte(number >> 8), byte(number >> 16)}).Read(p) // never fails
	return p
}

// block is what a file of the model holds.
func block(number int) []byte { return noise(number, 64<<10) }

// tell stores one file for each number and describes the snapshot.
func tell(ctx context.Context, r *repo.Repo, w *repo.Writer, numbers []int) (repo.Snapshot, error) {
	d := tree.NewDirWriter(w, tree.Cut{Secret: r.SplitterSecret()})
	for _, n := range numbers {
		p := block(n)
		ref, err := w.Put(ctx, chunk.Data, p)
		if err != nil {
			return repo.Snapshot{}, err
		}
		node := tree.Node{Name: fmt.Sprintf("f%06d", n), Type: tree.File, Mode: 0o644, Size: uint64(len(p)), Content: tree.Content{Form: tree.Chunked, Ref: ref}}
		if err := d.Add(ctx, &node); err != nil {
			return repo.Snapshot{}, err
		}
	}
	root, err := d.Close(ctx)
	return repo.Snapshot{Time: time.Now(), Host: "h", Paths: []string{"/p"}, Root: repo.RootOf(root)}, err
}

// write commits a snapshot of the numbers, which are sorted.
func write(ctx context.Context, r *repo.Repo, numbers []int) (repo.Name, error) {
	s, err := r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		return tell(ctx, r, w, numbers)
	})
	return s.ID, err
}

// contents reads everything of a snapshot.
func contents(ctx context.Context, r *repo.Repo, s repo.Snapshot) (map[string][]byte, error) {
	rd := tree.NewReader(r, r.Keys().ContentHash, 1<<20)
	out := map[string][]byte{}
	err := rd.Walk(ctx, s.Root.Ref(), func(dir string, n *tree.Node) error {
		if n.Type != tree.File {
			return nil
		}
		f, err := rd.Open(n)
		if err != nil {
			return err
		}
		p := make([]byte, n.Size)
		if _, err := f.ReadAt(ctx, p, 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		out[tree.Join(dir, n.Name)] = p
		return nil
	})
	return out, err
}

// expected is what is known of a repository: what each snapshot whose commit
// was reported holds.
type expected map[repo.Name]map[string][]byte

// prove reopens a repository and reads all back. maybe are snapshots that may
// be there or not, since what made or ended them was not reported.
func prove(t *testing.T, st store.Store, want expected, maybe map[repo.Name]bool, where string) {
	t.Helper()
	ctx := context.Background()
	r, err := openRepo(ctx, st)
	if err != nil {
		t.Fatalf("%s: open: %v", where, err)
	}
	look := func(when string, all bool) {
		t.Helper()
		rep, err := check.Run(ctx, r, check.Options{ReadData: all}, nil)
		if err != nil {
			t.Fatalf("%s, %s: check: %v", where, when, err)
		}
		if rep.Damaged {
			t.Fatalf("%s, %s: %+v", where, when, rep.Damages)
		}
		list, err := r.Snapshots(ctx)
		if err != nil {
			t.Fatalf("%s, %s: %v", where, when, err)
		}
		seen := map[repo.Name]bool{}
		for _, s := range list {
			seen[s.ID] = true
			got, err := contents(ctx, r, s)
			if err != nil {
				t.Fatalf("%s, %s: read snapshot %s: %v", where, when, s.ID.Short(), err)
			}
			if w, known := want[s.ID]; known && !maps.EqualFunc(got, w, bytes.Equal) {
				t.Fatalf("%s, %s: snapshot %s holds %d files, or other bytes, want %d", where, when, s.ID.Short(), len(got), len(w))
			}
		}
		for id := range want {
			if !seen[id] && !maybe[id] {
				t.Fatalf("%s, %s: snapshot %s, which was reported, is gone", where, when, id.Short())
			}
		}
	}
	look("as found", true)
	// The next prune clears away whatever was left, and harms nothing.
	if _, err := prune.Run(ctx, r, prune.Options{Grace: prune.NoGrace}, nil); err != nil {
		t.Fatalf("%s: prune: %v", where, err)
	}
	look("after a prune", false)
	named := map[store.Name]bool{}
	ix, err := r.Index(ctx)
	must(t, err)
	for p := range ix.Packs() {
		named[store.Name{Type: store.Pack, Name: repo.Name(p.Name).String()}] = true
	}
	for _, n := range r.State().Index() {
		named[store.Name{Type: store.Index, Name: repo.Name(n).String()}] = true
	}
	for _, typ := range []store.Type{store.Pack, store.Index} {
		must(t, st.List(ctx, typ, func(i store.Info) error {
			if !named[i.Name] {
				t.Fatalf("%s: a prune left %s, which nothing names", where, i.Name)
			}
			return nil
		}))
	}
}

// stage is one verb of the story, with the state of the store before it.
type stage struct {
	name string
	run  func(ctx context.Context, st store.Store, e expected) (made, ended []repo.Name, err error)
}

// story is init, backup, backup, forget, prune, backup, forget, prune over real
// files; the prunes have packs to drop and packs to copy out of.
func story(t *testing.T) []stage {
	root := t.TempDir()
	files := map[string]int{}
	put := func(name string, number, size int) {
		must(t, os.WriteFile(filepath.Join(root, name), noise(number, size), 0o644))
		files[name] = size
	}
	on := func(do func(ctx context.Context, r *repo.Repo, e expected) (made, ended []repo.Name, err error)) func(context.Context, store.Store, expected) ([]repo.Name, []repo.Name, error) {
		return func(ctx context.Context, st store.Store, e expected) ([]repo.Name, []repo.Name, error) {
			r, err := openRepo(ctx, st)
			if err != nil {
				return nil, nil, err
			}
			return do(ctx, r, e)
		}
	}
	save := func(prepare func()) func(context.Context, *repo.Repo, expected) ([]repo.Name, []repo.Name, error) {
		return func(ctx context.Context, r *repo.Repo, e expected) ([]repo.Name, []repo.Name, error) {
			prepare()
			src, err := dir.New([]string{root}, dir.Options{})
			if err != nil {
				return nil, nil, err
			}
			rep, err := backup.Run(ctx, r, backup.Options{Source: src, Paths: []string{root}, Host: "h"}, nil)
			if err != nil {
				return nil, nil, err
			}
			if rep.Incomplete {
				return nil, nil, fmt.Errorf("findings: %+v", rep.Findings)
			}
			w := map[string][]byte{}
			for name := range files {
				p, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					return nil, nil, err
				}
				w[filepath.Join(root, name)[1:]] = p
			}
			e[rep.Snapshot] = w
			return []repo.Name{rep.Snapshot}, nil, nil
		}
	}
	oldest := func(ctx context.Context, r *repo.Repo, e expected) ([]repo.Name, []repo.Name, error) {
		list, err := r.Snapshots(ctx)
		if err != nil {
			return nil, nil, err
		}
		if len(list) == 0 {
			return nil, nil, errors.New("no snapshot to forget")
		}
		ids := []repo.Name{list[0].ID}
		_, err = forget.Run(ctx, r, forget.Options{IDs: ids}, nil)
		return nil, ids, err
	}
	clear := func(ctx context.Context, r *repo.Repo, e expected) ([]repo.Name, []repo.Name, error) {
		_, err := prune.Run(ctx, r, prune.Options{}, nil)
		return nil, nil, err
	}
	first := func() {
		for i := range 9 {
			put(fmt.Sprintf("small%d", i), i, 3000)
		}
		put("long1", 20, 1<<20)
		put("long2", 21, 1<<20)
	}
	second := func() {
		_ = os.Remove(filepath.Join(root, "long2"))
		delete(files, "long2")
		put("long3", 22, 300<<10)
		put("small3", 33, 2000)
	}
	third := func() {
		_ = os.Remove(filepath.Join(root, "long1"))
		delete(files, "long1")
		put("long4", 23, 300<<10)
	}
	return []stage{
		{"init", func(ctx context.Context, st store.Store, e expected) ([]repo.Name, []repo.Name, error) {
			_, err := initRepo(ctx, st)
			return nil, nil, err
		}},
		{"backup", on(save(first))},
		{"backup again", on(save(second))},
		{"forget", on(oldest)},
		{"prune", on(clear)},
		{"third backup", on(save(third))},
		{"forget again", on(oldest)},
		{"prune again", on(clear)},
	}
}

// after returns what must hold after a stage that may have failed: what was
// known before and what was made, and which of it is not certain.
func after(e expected, ended []repo.Name) map[repo.Name]bool {
	maybe := map[repo.Name]bool{}
	for _, id := range ended {
		maybe[id] = true
	}
	return maybe
}

func sortedKeys(m map[int]bool) []int { return slices.Sorted(maps.Keys(m)) }
