package versions

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	table "ivyvault/index/versions"
	"ivyvault/repo/tree"
)

// view is a list of snapshots with what a table knows of them. It is never
// changed.
type view struct {
	tree  *tree.Reader
	hash  fingerprint
	list  []Snapshot // by time
	table *shared    // nil: there is none
	// at gives for each chain of the table and position in it the snapshot's
	// index in the list, −1 where the list lacks it; before, how many
	// positions before it have one.
	at     [][]int32
	before [][]int32

	missing int     // how many snapshots the table lacks
	rest    *Finder // answers for them
	restAt  []int32 // their indexes in the list
}

// newView makes the view of the list that t's table gives now.
func newView(t *Tabled, list []Snapshot) *view {
	v := &view{tree: t.tree, hash: t.hash, list: list, table: t.shared, rest: New(t.tree)}
	known := make([]bool, len(list))
	if v.table != nil {
		v.place(known)
	}
	var rest []Snapshot
	for i, s := range list {
		if !known[i] {
			rest = append(rest, s)
			v.restAt = append(v.restAt, int32(i))
		}
	}
	v.missing = len(rest)
	v.rest.Set(rest)
	return v
}

// place finds the list's snapshots in the table and marks those that are there.
func (v *view) place(known []bool) {
	index := make(map[table.Snapshot]int32, len(v.list))
	for i, s := range v.list {
		index[table.Snapshot{ID: s.ID, Root: s.Root}] = int32(i)
	}
	for _, c := range v.table.Chains() {
		at := make([]int32, len(c.Snapshots))
		before := make([]int32, len(at)+1)
		for p, s := range c.Snapshots {
			i, ok := index[s]
			before[p+1] = before[p]
			if !ok || known[i] {
				at[p] = -1
				continue
			}
			known[i] = true
			at[p] = i
			before[p+1]++
		}
		v.at, v.before = append(v.at, at), append(v.before, before)
	}
}

// bounds returns the range of a span's positions.
func (v *view) bounds(s *table.Span) (from, to uint32) {
	return s.From, min(s.To, uint32(len(v.at[s.Chain])))
}

// holds reports whether a snapshot of the list has a span's state.
func (v *view) holds(s *table.Span) bool {
	from, to := v.bounds(s)
	return v.before[s.Chain][to] > v.before[s.Chain][from]
}

// note adds to c what spans say that it was.
func (v *view) note(c *Child, spans []table.Span) {
	for i := range spans {
		s := &spans[i]
		if s.State.Kind == dirKind {
			c.Dir = c.Dir || v.holds(s)
		} else {
			c.File = c.File || v.holds(s)
		}
	}
}

func (v *view) stat(ctx context.Context, path string) (Child, error) {
	c, err := v.rest.Stat(ctx, path)
	if err != nil || v.table == nil || path == "" || c.File && c.Dir {
		return c, err
	}
	var room [8]table.Span
	spans, err := v.table.Get(path, room[:0])
	if err == nil {
		v.note(&c, spans)
	}
	return c, err
}

func (v *view) of(ctx context.Context, path string) ([]held, error) {
	_, all, err := v.rest.held(ctx, path)
	if err != nil {
		return nil, err
	}
	for i := range all {
		for j, s := range all[i].snaps {
			all[i].snaps[j] = v.restAt[s]
		}
	}
	if v.table == nil || path == "" {
		return all, nil
	}
	spans, err := v.table.Get(path, nil)
	if err != nil {
		return nil, err
	}
	index := make(map[table.State]int, len(all))
	for i := range all {
		index[v.hash.state(&all[i].node)] = i
	}
	oldest := make([]int32, len(all)) // that the node is of
	for i := range all {
		oldest[i] = all[i].snaps[0]
	}
	var states []table.State // of those that only the table has
	rest := len(all)
	for i := range spans {
		s := &spans[i]
		if s.State.Kind == dirKind || !v.holds(s) {
			continue
		}
		no, ok := index[s.State]
		if !ok {
			no = len(all)
			index[s.State] = no
			all = append(all, held{})
			oldest, states = append(oldest, -1), append(states, s.State)
		}
		from, to := v.bounds(s)
		for _, at := range v.at[s.Chain][from:to] {
			if at >= 0 {
				all[no].snaps = append(all[no].snaps, at)
			}
		}
	}
	for i := range all {
		h := &all[i]
		slices.Sort(h.snaps)
		if oldest[i] == h.snaps[0] {
			continue
		}
		want := v.hash.state(&h.node)
		if i >= rest {
			want = states[i-rest]
		}
		if h.node, err = v.look(ctx, h.snaps[0], path, want); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// look returns the entry of a path in a snapshot, of which the table says that
// it has a state.
func (v *view) look(ctx context.Context, at int32, path string, want table.State) (tree.Node, error) {
	n, err := v.tree.Resolve(ctx, v.list[at].Root, path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && v.hash.state(&n) != want {
		return n, astray(path)
	}
	return n, err
}
