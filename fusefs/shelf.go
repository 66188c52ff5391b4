package fusefs

import (
	"sort"
	"time"
)

// shelf is a folder of snapshots, under names that they keep while they are
// there.
type shelf struct {
	*roll
	names map[[32]byte]string
}

func newShelf(ino uint64) *shelf {
	return &shelf{roll: newRoll(ino), names: make(map[[32]byte]string)}
}

// fill sets the snapshots, which are sorted by time. sub gives the directory of
// a snapshot that is shown, name its name, to which -2 and so on is added where
// it is taken. The link latest leads to the one that latest chooses; nil is no
// link.
func (s *shelf) fill(list []*Snapshot, sub, name func(*Snapshot) string, latest func([]*Snapshot) *Snapshot, changed time.Time) {
	names := make(map[[32]byte]string, len(list))
	taken := make(map[string]bool, len(list)+1)
	for _, snap := range list {
		if old, ok := s.names[snap.ID]; ok {
			names[snap.ID], taken[old] = old, true
		}
	}
	members := make([]member, 0, len(list)+1)
	for _, snap := range list {
		n, ok := names[snap.ID]
		if !ok {
			n = unique(name(snap), "", func(s string) bool { return taken[s] })
			names[snap.ID], taken[n] = n, true
		}
		ino := inoOfSnapshot(s.ino, snap.ID)
		v := &view{root: snap.Root, sub: sub(snap), time: snap.Time, ino: ino}
		members = append(members, member{"id " + string(snap.ID[:]), entry{name: n, ino: ino, view: v}})
	}
	var chosen *Snapshot
	if latest != nil {
		chosen = latest(list)
	}
	if chosen != nil {
		target := names[chosen.ID]
		members = append(members, member{"latest " + target,
			entry{name: "latest", ino: inoOf(s.ino, "latest"), target: target}})
	}
	s.names = names
	s.set(members, changed)
}

// newest is the last of a list that is sorted by time.
func newest(list []*Snapshot) *Snapshot {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// newestGood is the last to which nothing is missing.
func newestGood(list []*Snapshot) *Snapshot {
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].Incomplete {
			return list[i]
		}
	}
	return nil
}

// group is a folder of shelves, one for each host, tag or system.
type group struct {
	*roll
	below map[string]*shelf // by the host or tag
	names map[string]string // under which they are shown
}

func newGroup(ino uint64) *group {
	return &group{roll: newRoll(ino), below: make(map[string]*shelf), names: make(map[string]string)}
}

// fill sets the shelves. keys gives the hosts, tags or systems of a snapshot.
func (g *group) fill(list []*Snapshot, sub func(*Snapshot) string, keys func(*Snapshot) []string, latest func([]*Snapshot) *Snapshot, changed time.Time) {
	of := make(map[string][]*Snapshot)
	for _, s := range list {
		for _, k := range keys(s) {
			if l := of[k]; len(l) == 0 || l[len(l)-1] != s {
				of[k] = append(l, s)
			}
		}
	}
	for k, s := range g.below {
		if of[k] == nil {
			s.fill(nil, sub, byTime, latest, changed)
			delete(g.below, k)
			delete(g.names, k)
		}
	}
	order := make([]string, 0, len(of))
	for k := range of {
		order = append(order, k)
	}
	sort.Strings(order)
	taken := make(map[string]bool, len(order))
	for _, n := range g.names {
		taken[n] = true
	}
	members := make([]member, 0, len(order))
	for _, k := range order {
		name, ok := g.names[k]
		if !ok {
			name = unique(escapeName(k), "", func(s string) bool { return taken[s] })
			g.names[k], taken[name] = name, true
			g.below[k] = newShelf(inoOf(g.ino, k))
		}
		s := g.below[k]
		s.fill(of[k], sub, byTime, latest, changed)
		members = append(members, member{"key " + k, entry{name: name, ino: s.ino, folder: s}})
	}
	g.set(members, changed)
}

func byTime(s *Snapshot) string { return timeName(s.Time) }
func byID(s *Snapshot) string   { return idName(s.ID) }
