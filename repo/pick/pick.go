// Package pick chooses snapshots by what is known of them.
//
// Nouns: a Filter says which snapshots are meant; By says what the snapshots of
// a group have in common.
//
// Promise: a zero Filter matches every snapshot. The order of snapshots is
// kept.
package pick

import (
	"fmt"
	"slices"
	"strings"

	"ivyvault/repo"
)

// Filter says which snapshots are meant.
type Filter struct {
	Hosts []string // any of these
	Paths []string // absolute, all of these
	Tags  []string // any of these; one with commas asks for all that it names; "" for none at all
}

// Match reports whether the snapshot is meant.
func (f Filter) Match(s repo.Snapshot) bool {
	if len(f.Hosts) > 0 && !slices.Contains(f.Hosts, s.Host) {
		return false
	}
	for _, p := range f.Paths {
		if !slices.Contains(s.Paths, p) {
			return false
		}
	}
	return len(f.Tags) == 0 || slices.ContainsFunc(f.Tags, func(list string) bool { return hasAll(s, list) })
}

// hasAll reports whether the snapshot has all tags of a list with commas.
func hasAll(s repo.Snapshot, list string) bool {
	if list == "" {
		return len(s.Tags) == 0
	}
	for _, t := range strings.Split(list, ",") {
		if !s.HasTag(t) {
			return false
		}
	}
	return true
}

// Choose returns those of the snapshots that the filter matches and, where ids
// are given, those that the ids mean, in the order of the ids.
func Choose(list []repo.Snapshot, f Filter, ids []string) ([]repo.Snapshot, error) {
	var out []repo.Snapshot
	if len(ids) == 0 {
		for _, s := range list {
			if f.Match(s) {
				out = append(out, s)
			}
		}
		return out, nil
	}
	seen := map[repo.Name]bool{}
	for _, id := range ids {
		s, err := repo.FindSnapshot(list, id, f.Match)
		if err != nil {
			return nil, err
		}
		if !seen[s.ID] {
			out = append(out, s)
		}
		seen[s.ID] = true
	}
	return out, nil
}

// Newest returns the n newest snapshots of each backup set (host and paths),
// in the order of the list, which is by time.
func Newest(list []repo.Snapshot, n int) []repo.Snapshot {
	count := map[string]int{}
	var out []repo.Snapshot
	for i := len(list) - 1; i >= 0; i-- {
		set := repo.SetID(list[i].Host, list[i].Paths)
		if count[set] < n {
			out = append(out, list[i])
		}
		count[set]++
	}
	slices.Reverse(out)
	return out
}

// By says what the snapshots of a group have in common; it can be converted to
// the GroupBy of package forget, which makes the groups.
type By struct{ Host, Paths, Tags bool }

// ParseBy reads a list such as "host,paths"; "" groups nothing.
func ParseBy(s string) (By, error) {
	var by By
	for _, w := range strings.Split(s, ",") {
		switch strings.TrimSpace(w) {
		case "host", "hosts":
			by.Host = true
		case "path", "paths":
			by.Paths = true
		case "tag", "tags":
			by.Tags = true
		case "":
		default:
			return by, fmt.Errorf("snapshots can't be grouped by %q: use host, paths, tags or several of these with commas", w)
		}
	}
	return by, nil
}
