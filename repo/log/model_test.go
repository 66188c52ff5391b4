package log

import (
	"os"
	"testing"

	"ivyvault/repo/store/schedtest"
)

func (m model) search(t *testing.T) schedtest.Stats {
	t.Helper()
	prepared, err := m.prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stats, err := schedtest.Search(t.Context(), m.setup(prepared), schedtest.Options{})
	t.Logf("%+v: %v", m, stats)
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// The real Log and the rules, in all orders of all store operations, each
// process stopping anywhere, lose no committed snapshot. The largest worlds run
// where IVYVAULT_LARGE is set.
func TestModelIsSafe(t *testing.T) {
	for _, c := range []struct {
		name  string
		model model
		large bool
	}{
		{"opened step by step", model{copies: 1, writers: 1, sweepers: 1, rounds: 2, look: true, open: true}, false},
		{"one writer, two sweepers", model{copies: 1, writers: 1, sweepers: 2, rounds: 1}, false},
		{"two writers, one sweeper", model{copies: 1, writers: 2, sweepers: 1, rounds: 1}, false},
		{"with keeps", model{copies: 1, writers: 1, sweepers: 1, rounds: 2, keeps: true}, false},
		{"a killed run resumed", model{writers: 2, sweepers: 1, rounds: 1, keeps: true, resume: true, dies: true}, false},
		{"a run that goes on resumed", model{writers: 2, sweepers: 1, rounds: 1, keeps: true, resume: true}, true},
		{"with a parent", model{copies: 1, writers: 1, sweepers: 1, rounds: 2, parent: true}, false},
		{"with a parent and a copy", model{copies: 2, writers: 1, sweepers: 1, rounds: 2, parent: true}, false},
		{"two copies, one writer, two sweepers", model{copies: 2, writers: 1, sweepers: 2, rounds: 1}, false},
		{"two writers, two sweepers", model{copies: 1, writers: 2, sweepers: 2, rounds: 1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.large && os.Getenv("IVYVAULT_LARGE") == "" {
				t.Skip("set IVYVAULT_LARGE to run it")
			}
			if v := c.model.search(t).Violation; v != nil {
				t.Fatal(v)
			}
		})
	}
}

// The same search finds what each of the rules is for.
func TestModelFindsFaults(t *testing.T) {
	for name, m := range map[string]model{
		"put-if-absent in two steps":     {copies: 1, writers: 1, sweepers: 1, rounds: 1, racy: true},
		"two writers, put in two steps":  {copies: 1, writers: 2, racy: true},
		"commit without the check":       {copies: 1, writers: 1, sweepers: 1, rounds: 1, unchecked: true},
		"parent relied on without check": {copies: 1, writers: 1, sweepers: 1, rounds: 1, parent: true, unchecked: true},
		"resumed after the keep ended":   {writers: 2, sweepers: 1, rounds: 1, keeps: true, resume: true, dies: true, stale: true},
	} {
		t.Run(name, func(t *testing.T) {
			if m.search(t).Violation == nil {
				t.Fatal("no order was found in which this goes wrong")
			}
		})
	}
}
