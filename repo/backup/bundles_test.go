package backup_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tree"
)

// bundles returns in how many bundles the slices of a snapshot lie.
func bundles(t *testing.T, r *repo.Repo, id repo.Name) int {
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
	seen := map[chunk.ID]bool{}
	rd := tree.NewReader(r, r.Keys().ContentHash, 1<<20)
	err = rd.Walk(ctx, snap.Root.Ref(), func(_ string, n *tree.Node) error {
		if n.Content.Form == tree.Slice {
			seen[n.Content.Ref.ID] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(seen)
}

func TestFilesThatCameOneByOneAreBundledAnew(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, mem.New())
	most, last := 0, 0
	for night := range 30 {
		content := fmt.Sprintf("attachment of night %d %s", night, strings.Repeat("x", 200))
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("f%02d", night)), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Millisecond)
		rep := run(t, r, root)
		last = bundles(t, r, rep.Snapshot)
		most = max(most, last)
		if night == 29 {
			same(t, files(t, r, rep.Snapshot, root), disk(t, root))
		}
	}
	if most > 14 {
		t.Errorf("30 small files lay in up to %d bundles; they should have been put together before", most)
	}
}

func TestWhatIsLeftOfAThinBundleIsBundledAnew(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	st := mem.New()
	newRepo(t, st)
	for i := range 400 {
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("f%03d", i)), []byte(strings.Repeat(fmt.Sprint(i, " "), 300)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(30 * time.Millisecond)
	run(t, opened(t, st, "secret", cache), root)
	for i := range 380 {
		os.Remove(filepath.Join(root, fmt.Sprintf("f%03d", i)))
	}
	second := run(t, opened(t, st, "secret", cache), root)
	if second.Stats.FilesUnchanged != 20 {
		t.Fatalf("second run: %+v", second.Stats)
	}
	r := opened(t, st, "secret", cache)
	third := run(t, r, root)
	if third.Stats.FilesChanged != 20 || third.Stats.ChunksNew == 0 {
		t.Errorf("third run did not put the rest together: %+v", third.Stats)
	}
	same(t, files(t, r, third.Snapshot, root), disk(t, root))
	fourth := run(t, opened(t, st, "secret", cache), root)
	if fourth.Stats.FilesUnchanged != 20 {
		t.Errorf("fourth run read again: %+v", fourth.Stats)
	}
}

func TestIdenticalSmallFilesAreStoredOnce(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, mem.New())
	p := make([]byte, 100<<10)
	for i := range p {
		p[i] = byte(i * i >> 7)
	}
	for i := range 100 {
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("copy%02d", i)), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rep := run(t, r, root)
	if n := bundles(t, r, rep.Snapshot); n != 1 {
		t.Errorf("100 copies of one file lie in %d bundles", n)
	}
	same(t, files(t, r, rep.Snapshot, root), disk(t, root))
}
