package forget

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"

	"ivyvault/repo"
)

// All is a count without an end.
const All = -1

// Policy says which snapshots of a group are kept. A snapshot is kept where at
// least one rule keeps it.
//
// The rules by period keep one snapshot of each of the newest periods that have
// one: the newest complete one, and the newest of all only where the period has
// no complete one. Last keeps the newest ones whatever they are, and the newest
// complete one in addition where none of these is complete: so a run of
// incomplete snapshots never pushes out the last good one.
type Policy struct {
	Last, Hourly, Daily, Weekly, Monthly, Yearly int        // how many; All: no end
	Within                                       Duration   // counted back from the group's newest
	Tags                                         [][]string // those with all tags of one of these lists
	Zone                                         *time.Location
}

// Empty reports whether the policy keeps nothing.
func (p *Policy) Empty() bool {
	return p.Last == 0 && p.Hourly == 0 && p.Daily == 0 && p.Weekly == 0 && p.Monthly == 0 && p.Yearly == 0 &&
		p.Within.Zero() && len(p.Tags) == 0
}

// Decision is what a policy says of one snapshot.
type Decision struct {
	Snapshot repo.Snapshot
	Keep     bool
	Reasons  []string // why it is kept
}

// Plan applies the policy to the snapshots of one group. The result is newest
// first. It depends on nothing but its arguments.
func Plan(list []repo.Snapshot, p Policy) []Decision {
	zone := p.Zone
	if zone == nil {
		zone = time.Local
	}
	sorted := slices.Clone(list)
	repo.SortSnapshots(sorted)
	slices.Reverse(sorted)
	out := make([]Decision, len(sorted))
	for i, s := range sorted {
		out[i].Snapshot = s
	}
	keep := func(i int, why string) {
		out[i].Keep = true
		out[i].Reasons = append(out[i].Reasons, why)
	}
	for i := range out {
		if out[i].Snapshot.Protected {
			keep(i, "protected")
		}
		for _, tags := range p.Tags {
			if hasAll(out[i].Snapshot, tags) {
				keep(i, fmt.Sprintf("tag %v", tags))
				break
			}
		}
	}
	if !p.Within.Zero() && len(out) > 0 {
		from := p.Within.Before(out[0].Snapshot.Time.In(zone))
		for i := range out {
			if out[i].Snapshot.Time.After(from) {
				keep(i, "within "+p.Within.String())
			}
		}
	}
	last(out, p.Last, keep)
	for _, rule := range []struct {
		count int
		name  string
		of    func(time.Time) string
	}{
		{p.Hourly, "hourly", func(t time.Time) string { return t.Format("2006-01-02 15") }},
		{p.Daily, "daily", func(t time.Time) string { return t.Format("2006-01-02") }},
		{p.Weekly, "weekly", func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%d week %d", y, w) }},
		{p.Monthly, "monthly", func(t time.Time) string { return t.Format("2006-01") }},
		{p.Yearly, "yearly", func(t time.Time) string { return t.Format("2006") }},
	} {
		periods(out, rule.count, func(s repo.Snapshot) string { return rule.of(s.Time.In(zone)) },
			func(i int, period string) { keep(i, rule.name+" "+period) })
	}
	return out
}

func last(out []Decision, count int, keep func(int, string)) {
	if count == 0 {
		return
	}
	good := false
	for i := range out {
		if count != All && i >= count {
			break
		}
		keep(i, "last")
		good = good || !out[i].Snapshot.Incomplete
	}
	for i := 0; i < len(out) && !good; i++ {
		if good = !out[i].Snapshot.Incomplete; good {
			keep(i, "last complete")
		}
	}
}

// periods keeps one snapshot of each of the newest count periods.
func periods(out []Decision, count int, of func(repo.Snapshot) string, keep func(int, string)) {
	for i := 0; i < len(out) && count != 0; {
		period := of(out[i].Snapshot)
		best, end := i, i
		for ; end < len(out) && of(out[end].Snapshot) == period; end++ {
			if out[best].Snapshot.Incomplete && !out[end].Snapshot.Incomplete {
				best = end
			}
		}
		keep(best, period)
		i = end
		if count > 0 {
			count--
		}
	}
}

func hasAll(s repo.Snapshot, tags []string) bool {
	for _, t := range tags {
		if !s.HasTag(t) {
			return false
		}
	}
	return len(tags) > 0
}

// Duration is a span of the calendar and hours.
type Duration struct{ Years, Months, Days, Hours int }

// ParseDuration reads for example "1y5m7d2h"; each unit at most once, at least
// one.
func ParseDuration(s string) (Duration, error) {
	var d Duration
	units := "ymdh"
	for rest := s; rest != ""; {
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		v, err := strconv.Atoi(rest[:n])
		if err != nil || n == len(rest) || v > 100_000 {
			return Duration{}, badDuration(s)
		}
		unit := rest[n]
		at := -1
		for i := range len(units) {
			if units[i] == unit {
				at = i
			}
		}
		if at < 0 {
			return Duration{}, badDuration(s)
		}
		switch unit {
		case 'y':
			d.Years = v
		case 'm':
			d.Months = v
		case 'd':
			d.Days = v
		case 'h':
			d.Hours = v
		}
		units, rest = units[at+1:], rest[n+1:]
	}
	if d.Zero() {
		return Duration{}, badDuration(s)
	}
	return d, nil
}

func badDuration(s string) error {
	return fmt.Errorf("%q is no span of time: give years, months, days and hours in this order, for example 1y5m7d2h", s)
}

// Zero reports whether the span is empty.
func (d Duration) Zero() bool { return d == Duration{} }

// Before returns the time that lies the span before t.
func (d Duration) Before(t time.Time) time.Time {
	return t.AddDate(-d.Years, -d.Months, -d.Days).Add(-time.Duration(d.Hours) * time.Hour)
}

// String writes the span as ParseDuration reads it.
func (d Duration) String() string {
	s := ""
	for _, u := range []struct {
		n    int
		unit string
	}{{d.Years, "y"}, {d.Months, "m"}, {d.Days, "d"}, {d.Hours, "h"}} {
		if u.n != 0 {
			s += strconv.Itoa(u.n) + u.unit
		}
	}
	return s
}

// GroupBy says what snapshots of one group have in common.
type GroupBy struct{ Host, Paths, Tags bool }

// Group is some snapshots to which a policy is applied on its own.
type Group struct {
	Host      string
	Paths     []string
	Tags      []string
	Snapshots []repo.Snapshot
}

// Groups sorts snapshots into groups, in the order of host, paths, tags.
func Groups(list []repo.Snapshot, by GroupBy) []Group {
	byKey := map[string]*Group{}
	var keys []string
	for _, s := range list {
		g := Group{}
		if by.Host {
			g.Host = s.Host
		}
		if by.Paths {
			g.Paths = slices.Sorted(slices.Values(s.Paths))
		}
		if by.Tags {
			g.Tags = slices.Sorted(slices.Values(s.Tags))
		}
		key := fmt.Sprintf("%q %q %q", g.Host, g.Paths, g.Tags)
		if byKey[key] == nil {
			byKey[key] = &g
			keys = append(keys, key)
		}
		byKey[key].Snapshots = append(byKey[key].Snapshots, s)
	}
	sort.Strings(keys)
	out := make([]Group, len(keys))
	for i, k := range keys {
		out[i] = *byKey[k]
	}
	return out
}
