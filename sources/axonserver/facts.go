package axonserver

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/segment"
)

// Facts judges the night as a whole: all segments proven, each beginning where
// the one before ends, up to what the server had before it was asked.
func (c *capture) Facts(ctx context.Context) (sources.Facts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return sources.Facts{}, c.err
	}
	if err := ctx.Err(); err != nil {
		return sources.Facts{}, context.Cause(ctx)
	}
	s := &state{
		Format: stateFormat, Kind: c.p.kind.String(), Context: c.p.context, Chain: c.chain, Segments: []known{},
		Server: c.about.Version, Node: c.about.Node, Closed: c.look.closed,
	}
	t, err := c.total(s)
	if err != nil {
		return sources.Facts{}, err
	}
	if s.Closed >= 0 && (len(s.Segments) == 0 || s.Closed > s.Segments[len(s.Segments)-1].Number) {
		return sources.Facts{}, fmt.Errorf("the server says that its last closed segment of the %s of the context %s is %d, and did not name it: capture it again", s.Kind, s.Context, s.Closed)
	}
	last := t.next - 1
	if c.told && c.before > last {
		return sources.Facts{}, fmt.Errorf("the server said that the last of the %s of the context %s was %d, and the files that it named end with %d: what lies here is not its store, or an old copy of it; look at 'path-map'",
			s.Kind, s.Context, c.before, last)
	}
	if c.next, err = s.encode(); err != nil {
		return sources.Facts{}, err
	}
	return c.describe(s, &t, last), nil
}

// State is what the next night goes on from.
func (c *capture) State() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		return nil, errors.New("the state was asked for before the facts")
	}
	return c.next, nil
}

// tally is what the segments come to.
type tally struct {
	next           int64 // token
	carried, fresh int64 // closed segments
	open           int64
	bare           []int64 // closed segments without an index, before one that has it
}

// total goes through all segments in their order, and adds them to the state.
func (c *capture) total(s *state) (tally, error) {
	var t tally
	for _, g := range c.look.groups {
		if g.number != t.next {
			return t, c.gap(t.next, g.number)
		}
		var events int64
		r := c.results[g.number]
		switch {
		case g.carried != nil:
			s.Segments = append(s.Segments, *g.carried)
			events = g.carried.Events
			t.carried++
		case r == nil || r.group != g || !r.proven:
			return t, fmt.Errorf("the segment %d was not read to its end", g.number)
		case g.closed:
			k := r.known()
			s.Segments = append(s.Segments, k)
			events = k.Events
			t.fresh++
		default:
			events = r.sum.Events
			s.Open = append(s.Open, begun{Number: g.number, Version: g.version, Events: events, End: r.sum.End, Digest: r.digest})
			t.open++
		}
		if f, ok := g.files[segment.GlobalIndex]; ok {
			s.Global = append(s.Global, f.name.String())
		}
		t.next = g.number + events
	}
	t.bare = bare(s.Segments)
	return t, nil
}

// bare returns the segments that have no index though newer ones do.
func bare(all []known) (out []int64) {
	newest := -1
	for i := range all {
		if hasIndex(all[i].Files) {
			newest = i
		}
	}
	for i := range all {
		if i < newest && !hasIndex(all[i].Files) {
			out = append(out, all[i].Number)
		}
	}
	return out
}

func hasIndex(files []piece) bool {
	return slices.ContainsFunc(files, func(f piece) bool { return f.Part == segment.Index || f.Part == segment.JumpIndex })
}

// known describes a closed segment that was read.
func (r *result) known() known {
	a := r.attr[segment.Data]
	k := known{Number: r.group.number, Version: r.group.version, Events: r.sum.Events, Digest: r.digest, Mode: a.Mode, UID: a.UID, GID: a.GID}
	for part := segment.Data; part < segment.GlobalIndex; part++ {
		if a, ok := r.attr[part]; ok {
			k.Files = append(k.Files, piece{Part: part, Size: a.Size, MTime: a.MTime.Sec, Nsec: a.MTime.Nsec, Old: r.old[part]})
		}
	}
	return k
}

func (c *capture) gap(want, got int64) error {
	if want == 0 {
		return fmt.Errorf("the first segment of the %s of the context %s that the server named begins with token %d: those before it lie in another tier, or on another node, or are lost. Name the tiers' folders under 'tiers', or a node that has all segments under 'primaries'",
			c.p.kind, c.p.context, got)
	}
	if got < want {
		return fmt.Errorf("ALARM: in the %s of the context %s a segment begins with token %d, and the one before it ends with %d: they are of different stores. Prove the store with 'ivyvault axon verify'", c.p.kind, c.p.context, got, want-1)
	}
	return fmt.Errorf("ALARM: in the %s of the context %s the tokens %d to %d are missing: the segment %s is not there. Prove the store with 'ivyvault axon verify', and take the segment from an older snapshot or another node",
		c.p.kind, c.p.context, want, got-1, segment.Name{Kind: c.p.kind, Number: want})
}

// describe is called with the lock held.
func (c *capture) describe(s *state, t *tally, last int64) sources.Facts {
	f := sources.Facts{
		Product: c.about.Edition.String(), Version: c.about.Version, Consistency: sources.Snapshot,
		Counts: map[string]int64{s.Kind: t.next, "segments": int64(len(s.Segments)) + t.open},
		Details: map[string]string{
			"context": s.Context, "node": s.Node, "chain": s.Chain, "last token": fmt.Sprint(last),
			"last closed segment": fmt.Sprint(s.Closed), "segments carried on": fmt.Sprint(t.carried),
			"segments copied": fmt.Sprint(t.fresh), "open segments": fmt.Sprint(t.open),
		},
		Checks: []sources.Check{{Name: "checksums and continuity", OK: true, Said: fmt.Sprintf("all %s from token 0 to %d", s.Kind, last)}},
		Notes:  slices.Clone(c.notes),
	}
	if c.told {
		f.Checks = append(f.Checks, sources.Check{Name: "the server's own count", OK: true, Said: fmt.Sprintf("it had reached %d before the capture", c.before)})
	}
	if len(t.bare) > 0 {
		f.Checks = append(f.Checks, sources.Check{Name: "indexes", OK: false, Said: fmt.Sprintf("%d closed segments have no index though newer ones do, %d among them: the server does not find their events by aggregate; remove all index files of the context while it is stopped, so that it makes them again", len(t.bare), t.bare[0])})
	}
	if t.open == 0 {
		f.Notes = append(f.Notes, "the server named no open segment")
	}
	return f
}
