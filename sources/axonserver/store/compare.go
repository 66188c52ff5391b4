package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"ivyvault/sources/axonserver/segment"
)

// mostNamed is how many snapshots of one cause are named one by one.
const mostNamed = 20

// compare says which snapshots have no event. whole is false where events are
// missing before the newest segment: then nobody can tell.
func (v *verification) compare(ctx context.Context, c *Context, l *lookup, whole bool, r *ContextReport) error {
	if l.bad > 0 {
		r.Problems = append(r.Problems, Problem{File: c.Snapshots.Dir, Offset: -1, Cause: string(segment.BadEvent),
			What: fmt.Sprintf("%d snapshots can't be decoded, or name no aggregate", l.bad), Do: "take the segments of snapshots from another backup, or remove all of them: the server then builds aggregates from their events"})
	}
	switch {
	case len(l.list) == 0:
		return nil
	case len(c.Events.Segments) == 0:
		r.Problems = append(r.Problems, Problem{File: c.Snapshots.Dir, Offset: -1, Cause: NoEvents,
			What: "there are snapshots here, and no events of this context", Do: "verify the directory that holds the events together with this one, by naming one above both"})
		return nil
	case !whole:
		r.Notices = append(r.Notices, fmt.Sprintf("%d latest snapshots were not compared with their events, since events are missing", len(l.list)))
		return nil
	}
	r.Compared = int64(len(l.list))
	if l.left > 0 {
		r.Notices = append(r.Notices, fmt.Sprintf("the snapshots of %d aggregates were compared with their events, the newest; %d older snapshots were not", len(l.list), l.left))
	}
	var ahead, missing []row
	newest := map[int64]int64{} // highest sequence number by the snapshot's token
	for i, w := range l.list {
		switch s := &l.seen[i]; {
		case s.newest.Load() <= w.sequence:
			ahead = append(ahead, w)
			newest[w.token] = s.newest.Load() - 1
		case !s.found.Load():
			missing = append(missing, w)
		}
	}
	err := v.name(ctx, c, r, ahead, Ahead, func(f *Found) string {
		last := "has no event"
		if n := newest[f.Token]; n >= 0 {
			last = fmt.Sprintf("has no event after %d", n)
		}
		return fmt.Sprintf("the snapshot of %q holds its state after event %d, and the aggregate %s here: a server would serve a state that its events don't lead to", f.Event.Aggregate, f.Event.Sequence, last)
	}, "take snapshots from a copy that was made before that of the events, or remove all snapshots: the server then builds aggregates from their events")
	if err != nil || len(missing) == 0 {
		return err
	}
	if len(c.Events.Superseded) > 0 || slices.ContainsFunc(c.Events.Segments, func(s Segment) bool { return s.Name.Version > 0 }) {
		r.Notices = append(r.Notices, fmt.Sprintf("%d snapshots have no event with their sequence number; events of this store were transformed", len(missing)))
		return nil
	}
	return v.name(ctx, c, r, missing, NoEvent, func(f *Found) string {
		return fmt.Sprintf("the snapshot of %q holds its state after event %d, which is not among the events, though later ones are", f.Event.Aggregate, f.Event.Sequence)
	}, "events and snapshots are of different stores, or of different states of one: take both from one backup")
}

// name adds a problem for the first of some snapshots each, and one for the rest.
func (v *verification) name(ctx context.Context, c *Context, r *ContextReport, rows []row, cause string, what func(*Found) string, do string) error {
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.token, b.token) })
	named := rows[:min(len(rows), mostNamed)]
	if len(named) == 0 {
		return nil
	}
	q := Query{Kind: segment.Snapshots, From: named[0].token, To: named[len(named)-1].token, only: map[int64]bool{}}
	for _, w := range named {
		q.only[w.token] = true
	}
	for f, err := range c.Read(ctx, v.fsys, q) {
		var damaged *FileError
		switch {
		case errors.As(err, &damaged): // reported before
		case err != nil:
			return err
		default:
			r.Problems = append(r.Problems, Problem{File: f.File, Offset: f.Offset, Cause: cause, What: what(&f), Do: do})
		}
	}
	if more := len(rows) - mostNamed; more > 0 {
		r.Problems = append(r.Problems, Problem{File: c.Snapshots.Dir, Offset: -1, Cause: cause, What: fmt.Sprintf("the same is wrong with %d more snapshots", more), Do: do})
	}
	return nil
}
