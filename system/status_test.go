package system

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ivyvault/repo"
)

func TestStatus(t *testing.T) {
	now := time.Unix(2e9, 0)
	snap := func(n byte, age time.Duration, whole bool) repo.Snapshot {
		info, err := json.Marshal(repo.System{Name: "claims", Type: "custom", Parts: []repo.SystemPart{{Path: "databases/main", Kept: whole, Whole: whole, Why: "gone"}}})
		if err != nil {
			t.Fatal(err)
		}
		return repo.Snapshot{ID: repo.Name{n}, Time: now.Add(-age), System: info, Incomplete: !whole}
	}
	for name, c := range map[string]struct {
		list []repo.Snapshot
		rpo  time.Duration
		ok   bool
		why  string
	}{
		"never":          {nil, 0, false, "never captured"},
		"good":           {[]repo.Snapshot{snap(1, time.Hour, true)}, 2 * time.Hour, true, ""},
		"without a goal": {[]repo.Snapshot{snap(1, 1000*time.Hour, true)}, 0, true, ""},
		"too old":        {[]repo.Snapshot{snap(1, 3*time.Hour, true)}, 2 * time.Hour, false, "older than the objective"},
		"last one bad":   {[]repo.Snapshot{snap(1, time.Hour, true), snap(2, time.Minute, false)}, 2 * time.Hour, false, "captured last is not whole"},
		"none is good":   {[]repo.Snapshot{snap(2, time.Minute, false)}, 0, false, "no snapshot of it is whole"},
	} {
		st := StatusOf(c.list, "claims", c.rpo, now)
		if st.OK != c.ok || !strings.Contains(strings.Join(st.Why, "; "), c.why) || st.Snapshots != len(c.list) {
			t.Errorf("%s: %+v", name, st)
		}
	}
	if st := StatusOf([]repo.Snapshot{snap(1, time.Hour, true)}, "other", 0, now); st.OK || st.Snapshots != 0 {
		t.Errorf("another system's snapshot counts: %+v", st)
	}
}
