// Package find looks for files by name over many snapshots.
//
// Nouns: a Query says what is looked for; a Match is one entry of one snapshot.
//
// Promise: every entry of the snapshots that fits the query is reported, in
// the order of the snapshots and, within one, of names. Directories that
// several snapshots share and in which nothing fits are read once.
package find

import (
	"context"
	"errors"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/ls"
	"ivyvault/repo/tree"
	"ivyvault/sources/dir"
)

// Query says what is looked for: what fits one of the patterns and all else.
type Query struct {
	Patterns   []string // as for --exclude: names with * and ?, matched anywhere, or from the top with a slash
	IgnoreCase bool
	Newest     time.Time // modified at this time or before; zero: whenever
	Oldest     time.Time // modified at this time or after; zero: whenever
	Types      []string  // as ls.TypeName has them; none: all
	Larger     uint64    // files of at least so many bytes
}

// Match is an entry that fits.
type Match struct {
	Snapshot repo.Name `json:"snapshot"`
	ls.Entry
}

// Report counts what was found.
type Report struct {
	Snapshots int `json:"snapshots"` // searched
	Matches   int `json:"matches"`
}

// Run calls fn for each match.
func Run(ctx context.Context, r *repo.Repo, snaps []repo.Snapshot, q Query, fn func(repo.Snapshot, Match) error) (Report, error) {
	if len(q.Patterns) == 0 {
		return Report{}, errors.New("no pattern to look for")
	}
	exact, folded := q.Patterns, []string(nil)
	if q.IgnoreCase {
		exact, folded = nil, q.Patterns
	}
	names, err := dir.NewFilter(exact, folded)
	if err != nil {
		return Report{}, err
	}
	s := &search{r: tree.NewReader(r, r.Keys().ContentHash, 4<<20), q: q, names: names, barren: map[chunk.ID]struct{}{}, fn: fn}
	for _, p := range q.Patterns {
		for _, c := range p {
			s.byPath = s.byPath || c == '/'
		}
	}
	s.types = map[string]bool{}
	for _, t := range q.Types {
		s.types[t] = true
	}
	for _, snap := range snaps {
		s.snap = snap
		s.rep.Snapshots++
		if _, err := s.dir(ctx, snap.Root.Ref(), ""); err != nil {
			return s.rep, err
		}
	}
	return s.rep, nil
}

// search is one run.
type search struct {
	r      *tree.Reader
	q      Query
	names  *dir.Filter
	types  map[string]bool
	byPath bool // what fits depends on where a directory stands
	barren map[chunk.ID]struct{}
	snap   repo.Snapshot
	fn     func(repo.Snapshot, Match) error
	rep    Report
}

// dir searches a directory and reports whether anything in it fits.
func (s *search) dir(ctx context.Context, ref chunk.Ref, path string) (found bool, err error) {
	if _, ok := s.barren[ref.ID]; ok {
		return false, nil
	}
	for n, err := range s.r.Entries(ctx, ref) {
		if err != nil {
			return found, err
		}
		if err := ctx.Err(); err != nil {
			return found, err
		}
		p := tree.Join(path, n.Name)
		if s.names.Excludes(p) && s.fits(&n) {
			found = true
			s.rep.Matches++
			if err := s.fn(s.snap, Match{s.snap.ID, ls.EntryOf(p, &n, s.snap.Owners)}); err != nil {
				return found, err
			}
		}
		if n.Type == tree.Dir {
			below, err := s.dir(ctx, n.Tree, p)
			if err != nil {
				return found, err
			}
			found = found || below
		}
	}
	if !found && !s.byPath {
		s.barren[ref.ID] = struct{}{}
	}
	return found, nil
}

func (s *search) fits(n *tree.Node) bool {
	t := time.Unix(n.MTime.Sec, int64(n.MTime.Nsec))
	switch {
	case len(s.types) > 0 && !s.types[ls.TypeName(n.Type)]:
		return false
	case !s.q.Newest.IsZero() && t.After(s.q.Newest):
		return false
	case !s.q.Oldest.IsZero() && t.Before(s.q.Oldest):
		return false
	}
	return s.q.Larger == 0 || n.Type == tree.File && n.Size >= s.q.Larger
}
