package system

import (
	"slices"
	"time"

	"ivyvault/repo"
)

// Status is how a system stands: when it was captured, and whether that is
// recent enough.
type Status struct {
	System    string     `json:"system"`
	Newest    *StatusOne `json:"newest,omitempty"`       // whatever became of it
	Whole     *StatusOne `json:"newest_whole,omitempty"` // the one that a restore would take
	Snapshots int        `json:"snapshots"`
	Age       float64    `json:"age_seconds,omitempty"` // of the newest whole one
	RPO       float64    `json:"rpo_seconds,omitempty"` // 0: none is set
	OK        bool       `json:"ok"`
	Why       []string   `json:"why,omitempty"` // it is not
}

// StatusOne is one snapshot in a Status.
type StatusOne struct {
	ID    repo.Name `json:"snapshot_id"`
	Time  time.Time `json:"time"`
	Parts []string  `json:"missing,omitempty"` // parts that are not whole, with the reason
}

// StatusOf looks at a system's snapshots. rpo is how old the newest whole one
// may be; 0 is without a bound.
func StatusOf(list []repo.Snapshot, name string, rpo time.Duration, now time.Time) Status {
	st := Status{System: name, RPO: rpo.Seconds()}
	var mine []repo.Snapshot
	for _, s := range list {
		if info, ok := s.SystemInfo(); ok && info.Name == name {
			mine = append(mine, s)
		}
	}
	slices.SortStableFunc(mine, func(a, b repo.Snapshot) int { return a.Time.Compare(b.Time) })
	st.Snapshots = len(mine)
	for i := len(mine) - 1; i >= 0; i-- {
		one := statusOne(mine[i])
		if st.Newest == nil {
			st.Newest = &one
		}
		if !mine[i].Incomplete {
			st.Whole = &one
			break
		}
	}
	switch {
	case st.Newest == nil:
		st.Why = append(st.Why, "it was never captured")
	case st.Whole == nil:
		st.Why = append(st.Why, "no snapshot of it is whole")
	default:
		age := now.Sub(st.Whole.Time)
		st.Age = age.Seconds()
		if rpo > 0 && age > rpo {
			st.Why = append(st.Why, "the newest whole snapshot is older than the objective allows")
		}
		if st.Whole.ID != st.Newest.ID {
			st.Why = append(st.Why, "what was captured last is not whole")
		}
	}
	st.OK = len(st.Why) == 0
	return st
}

func statusOne(s repo.Snapshot) StatusOne {
	one := StatusOne{ID: s.ID, Time: s.Time}
	info, _ := s.SystemInfo()
	for _, p := range info.Parts {
		if !p.Whole {
			one.Parts = append(one.Parts, p.Path+": "+p.Why)
		}
	}
	return one
}
