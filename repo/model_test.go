package repo_test

import (
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

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
	stats, err := schedtest.Search(t.Context(), s.world(), schedtest.Options{Workers: runtime.GOMAXPROCS(0), Preemptions: preemptions})
	t.Logf("%+v: %v", m, stats)
	if err != nil {
		t.Fatal(err)
	}
	return s, stats
}

// Writers and pruners, in all orders of their store operations and each of them
// stopping anywhere, lose no snapshot; and each of them that is not stopped ends
// without an error. Where preemptions is set, all orders in which processes are
// interrupted at most so often. The largest worlds run where IVYVAULT_LARGE is
// set.
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
		{"two writers, two pruners, four preemptions", model{copies: 1, writers: 2, pruners: 2}, 4, true},
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
