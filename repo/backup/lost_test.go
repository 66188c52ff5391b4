package backup_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/sources/dir"
)

// notices collects what a run remarks.
type notices struct {
	mu  sync.Mutex
	all []string
}

func (n *notices) Finding(repo.Finding)     {}
func (n *notices) Progress(backup.Progress) {}
func (n *notices) Notice(path, what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, path+what)
}

// A pack that is gone, or cut short, is damage that only check looks for. A
// backup must not refer to it anew and say that all is well.
func TestBackupOverLostPacks(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name string
		harm func(t *testing.T, st *mem.Store, name store.Name)
	}{
		{"gone", func(t *testing.T, st *mem.Store, name store.Name) {
			if err := st.Remove(ctx, name); err != nil {
				t.Fatal(err)
			}
		}},
		{"cut short", func(t *testing.T, st *mem.Store, name store.Name) {
			p, err := st.Get(ctx, name, 0, -1)
			if err != nil {
				t.Fatal(err)
			}
			st.Replace(name, p[:len(p)/2])
		}},
	} {
		for _, parent := range []string{"", "none"} {
			t.Run(c.name+" parent "+parent, func(t *testing.T) {
				root := t.TempDir()
				fill(t, rand.New(rand.NewPCG(3, 3)), root, 120)
				time.Sleep(30 * time.Millisecond)
				st := mem.New()
				run(t, newRepo(t, st), root)
				var packs []store.Name
				if err := st.List(ctx, store.Pack, func(i store.Info) error { packs = append(packs, i.Name); return nil }); err != nil {
					t.Fatal(err)
				}
				for _, name := range packs {
					c.harm(t, st, name)
				}
				r := opened(t, st, "secret", t.TempDir())
				src, err := dir.New([]string{root}, dir.Options{})
				if err != nil {
					t.Fatal(err)
				}
				var n notices
				rep, err := backup.Run(ctx, r, backup.Options{Source: src, Paths: []string{root}, Host: "host", Parent: parent}, &n)
				if err != nil {
					t.Fatal(err)
				}
				same(t, files(t, opened(t, st, "secret", t.TempDir()), rep.Snapshot, root), disk(t, root))
				if said := strings.Join(n.all, "; "); !strings.Contains(said, "gone or cut short") {
					t.Errorf("nothing was said of the packs: %q", said)
				}
			})
		}
	}
}
