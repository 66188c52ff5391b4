package repo_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/schedtest"
)

// hexes are what differs between the errors of two runs.
var hexes = regexp.MustCompile(`[0-9a-f]{8,}`)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (m model) search(t *testing.T, preemptions int) (*start, schedtest.Stats) {
	t.Helper()
	s := m.prepare(t)
	again := 30
	if os.Getenv("IVYVAULT_LARGE") != "" {
		again = 2000
	}
	o := schedtest.Options{Workers: runtime.GOMAXPROCS(0), Preemptions: preemptions, Again: again, Seed: rand.Uint64()}
	stats, err := schedtest.Search(t.Context(), s.world(), o)
	t.Logf("%+v, seed %d: %v", m, o.Seed, stats)
	if err != nil {
		t.Fatal(err)
	}
	return s, stats
}

// Writers and pruners, in all orders of their store operations and each of them
// stopping anywhere, lose no snapshot; and each of them that is not stopped ends
// without an error. Where preemptions is set, all orders in which processes are
// interrupted at most so often; else the world is searched whole. The largest
// worlds run where IVYVAULT_LARGE is set.
func TestModelIsSafe(t *testing.T) {
	for _, c := range []struct {
		name        string
		model       model
		preemptions int
		large       bool
	}{
		{"one writer, one pruner", model{copies: 1, writers: 1, pruners: 1}, 0, false},
		{"with looks past the end", model{copies: 1, writers: 1, pruners: 1, look: true}, 0, false},
		{"opened step by step", model{copies: 1, writers: 1, pruners: 1, open: true}, 0, false},
		{"nothing stored before", model{writers: 1, pruners: 1}, 0, false},
		{"two copies", model{copies: 2, writers: 1, pruners: 1}, 0, false},
		{"two copies, by a backup key", model{copies: 2, writers: 1, pruners: 1, backup: true}, 0, false},
		{"a file, by a backup key", model{copies: 1, writers: 1, pruners: 1, file: true, backup: true}, 0, false},
		{"with keeps", model{writers: 1, pruners: 1, file: true, often: true}, 1, false},
		{"two writers", model{copies: 1, writers: 2, pruners: 1}, 0, false},
		{"two pruners", model{copies: 1, writers: 1, pruners: 2}, 0, false},
		{"two writers, two pruners", model{copies: 1, writers: 2, pruners: 2}, 1, false},

		{"with keeps, all orders", model{writers: 1, pruners: 1, file: true, often: true}, 0, true},
		{"two writers, two pruners, all orders", model{copies: 1, writers: 2, pruners: 2}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.large && os.Getenv("IVYVAULT_LARGE") == "" {
				t.Skip("set IVYVAULT_LARGE to run it")
			}
			s, stats := c.model.search(t, c.preemptions)
			if stats.Violation != nil {
				t.Fatal(stats.Violation)
			}
			for how, n := range s.ends {
				if !strings.HasSuffix(how, ": done") {
					t.Errorf("%d times %s", n, how)
				}
			}
		})
	}
}

// holds returns the names of all objects with the hashes of what they hold.
func holds(ctx context.Context, m *mem.Store) string {
	var all []string
	for _, t := range store.Types {
		for n, data := range names(ctx, m, t) {
			all = append(all, fmt.Sprintf("%v %x\n", n, sha256.Sum256(data)))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

// What processes tell of what they know hides nothing: without it the search
// reaches the same contents of the store with the same snapshots reported.
func TestModelRemembers(t *testing.T) {
	for _, c := range []struct {
		name  string
		model model
		large bool
	}{
		{"two writers", model{copies: 1, writers: 2, pruners: 1}, false},
		{"two copies, by a backup key", model{copies: 2, writers: 1, pruners: 1, backup: true}, false},
		{"two pruners", model{copies: 1, writers: 1, pruners: 2}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.large && os.Getenv("IVYVAULT_LARGE") == "" {
				t.Skip("set IVYVAULT_LARGE to run it")
			}
			s := c.model.prepare(t)
			reached := func(unmerged bool) (map[string]bool, schedtest.Stats) {
				var mu sync.Mutex
				all := map[string]bool{}
				w := s.world()
				w.Check = func(ctx context.Context, m *mem.Store, notes []string) error {
					what := holds(ctx, m) + fmt.Sprintf("%q", notes)
					mu.Lock()
					defer mu.Unlock()
					all[what] = true
					return nil
				}
				stats, err := schedtest.Search(t.Context(), w, schedtest.Options{Workers: runtime.GOMAXPROCS(0), Unmerged: unmerged})
				must(t, err)
				t.Logf("unmerged %v: %v", unmerged, stats)
				return all, stats
			}
			few, merged := reached(false)
			all, _ := reached(true)
			if !maps.Equal(few, all) {
				t.Errorf("%d contents were reached, and %d without merging", len(few), len(all))
			}
			if merged.Merged == 0 {
				t.Error("no history was made one with another: nothing is tested")
			}
		})
	}
}

// The same search finds what each of the rules is for.
func TestModelFindsFaults(t *testing.T) {
	for name, m := range map[string]model{
		"put-if-absent in two steps":          {copies: 1, writers: 1, pruners: 1, racy: true},
		"two writers, put in two steps":       {copies: 1, writers: 2, racy: true},
		"commit without the check":            {copies: 1, writers: 1, pruners: 1, unchecked: true},
		"sweep from a stale state":            {copies: 1, writers: 1, pruners: 1, stale: true},
		"sweep from a stale state, two sweep": {copies: 2, writers: 1, pruners: 2, stale: true},

		"two of each, put-if-absent in two steps": {copies: 1, writers: 2, pruners: 2, racy: true},
		"two of each, commit without the check":   {copies: 1, writers: 2, pruners: 2, unchecked: true},
		"two of each, sweep from a stale state":   {copies: 1, writers: 2, pruners: 2, stale: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, stats := m.search(t, 0)
			if stats.Violation == nil {
				t.Fatal("no order was found in which this goes wrong")
			}
			t.Log(stats.Violation.Err)
		})
	}
}
