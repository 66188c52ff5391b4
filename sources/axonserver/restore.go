package axonserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/axonserver/store"
	"ivyvault/sources/scratch"
)

// Restore puts the segments into the context's folder: the highest version of
// each, with all index files or none, the open one at full length with zeros
// behind its events. All is written and proven beside the folder before
// anything in it is changed. Only names segments, by number or by file.
//
// Afterwards the chain does not go on by itself where the server goes another
// way than before: each night looks again at the newest closed segment and at
// the beginning of the open ones, and raises an alarm where they differ. So
// nothing is left on the server's disk as a mark, which a move to another
// machine would lose.
func (p *Segments) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	r := &returning{p: p, from: from, opt: opt}
	done, err := r.run(ctx)
	if r.dir != nil {
		err = errors.Join(err, r.dir.Close())
	}
	if err != nil {
		err = fmt.Errorf("the %s of the context %s were not restored: %w", p.kind, p.context, err)
	}
	return done, err
}

// returning is one restore under way.
type returning struct {
	p    *Segments
	from fs.FS
	opt  sources.RestoreOptions

	target string // folder of the context
	series store.Series
	wanted []store.Segment
	index  bool // index files go back, too
	dir    *scratch.Dir
	notes  []string
}

// stage is where the segments are proven before they are put in place.
func (r *returning) stage() string { return filepath.Join(r.dir.Path(), r.p.context) }

func (r *returning) run(ctx context.Context) (sources.Restored, error) {
	var done sources.Restored
	if err := r.see(ctx); err != nil {
		return done, err
	}
	if err := r.choose(); err != nil {
		return done, err
	}
	var err error
	if r.target, err = r.p.c.target(r.p.kind.String(), first(r.p.c.storages(r.p.kind)), r.p.context); err != nil {
		return done, err
	}
	if err := r.p.c.stopped(ctx, r.p.env); err != nil {
		return done, err
	}
	there, err := r.there()
	if err != nil {
		return done, err
	}
	if len(there) > 0 && !r.opt.Replace {
		return done, &sources.OccupiedError{Where: "the folder " + r.target, What: fmt.Sprintf("%d files, %s among them", len(there), there[0])}
	}
	if r.dir, err = room(filepath.Dir(r.target), r.need()); err != nil {
		return done, err
	}
	if err := os.Mkdir(r.stage(), 0o700); err != nil {
		return done, err
	}
	if err := r.copyAll(ctx); err != nil {
		return done, err
	}
	if done.Counts, err = r.prove(ctx); err != nil {
		return done, err
	}
	if err := swap(r.stage(), r.target, there, filepath.Join(r.dir.Path(), "old")); err != nil {
		return done, err
	}
	done.Notes = append(r.notes, r.words(done.Counts)...)
	return done, nil
}

// see finds the segments among what was captured.
func (r *returning) see(ctx context.Context) error {
	found, err := store.Find(ctx, r.from)
	if err != nil {
		return err
	}
	n := 0
	for _, c := range found.Contexts {
		for _, s := range []store.Series{c.Events, c.Snapshots} {
			if s.Kind == r.p.kind && len(s.Segments) > 0 {
				r.series = s
				n++
			}
		}
	}
	if n != 1 {
		return fmt.Errorf("what was captured holds %s in %d folders instead of one", r.p.kind, n)
	}
	if len(r.series.Doubles) > 0 {
		return fmt.Errorf("there are two files for one segment, %s among them", r.series.Doubles[0].Path)
	}
	newest := -1
	for i, s := range r.series.Segments {
		if s.Indexed {
			newest = i
		}
	}
	r.index = newest >= 0
	for i, s := range r.series.Segments {
		if i < newest && !s.Indexed && r.index {
			r.index = false
			r.notes = append(r.notes, fmt.Sprintf("the index of the segment %d is missing in the snapshot, so all index files were left out: the server makes them again at its start, which takes time, and opens its newest closed segment once more", s.Name.Number))
		}
	}
	if n := len(r.series.Superseded); n > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%d older versions of segments were left out", n))
	}
	return nil
}

// choose takes the segments that are named, or all.
func (r *returning) choose() error {
	if len(r.opt.Only) == 0 {
		r.wanted = r.series.Segments
		return nil
	}
	for _, o := range r.opt.Only {
		number, _, _ := strings.Cut(filepath.Base(o), ".")
		number, _, _ = strings.Cut(number, "_")
		number = strings.TrimLeft(number, "0")
		i := slices.IndexFunc(r.series.Segments, func(s store.Segment) bool {
			return strings.TrimLeft(fmt.Sprint(s.Name.Number), "0") == number
		})
		if i < 0 {
			return fmt.Errorf("there is no segment %s in what was captured: segments are named by the token of their first event, such as %d", o, r.series.Segments[0].Name.Number)
		}
		if !slices.ContainsFunc(r.wanted, func(s store.Segment) bool { return s.Path == r.series.Segments[i].Path }) {
			r.wanted = append(r.wanted, r.series.Segments[i])
		}
	}
	slices.SortFunc(r.wanted, func(a, b store.Segment) int { return int(min(1, max(-1, a.Name.Number-b.Name.Number))) })
	return nil
}

// there lists what is in the way: files of the same kind and files that nobody
// knows, since a server would take them for its own; with Only those of the
// same segments. Snapshots and events may lie in one folder.
func (r *returning) there() ([]string, error) {
	list, err := os.ReadDir(r.target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range list {
		n, ok := segment.ParseName(d.Name())
		switch {
		case ok && n.Kind != r.p.kind:
		case len(r.opt.Only) == 0, ok && slices.ContainsFunc(r.wanted, func(s store.Segment) bool { return s.Name.Number == n.Number }):
			out = append(out, d.Name())
		}
	}
	return out, nil
}

// need is how many bytes will be written at most, but for the newest segment,
// of which most is a hole.
func (r *returning) need() (n int64) {
	for i, s := range r.wanted {
		if i < len(r.wanted)-1 {
			n += s.Size
		}
	}
	return n
}

// words tells the operator what comes next.
func (r *returning) words(counts map[string]int64) []string {
	what := "lastEvent"
	if r.p.kind == segment.Snapshots {
		what = "lastSnapshot"
	}
	if len(r.opt.Only) > 0 {
		return []string{fmt.Sprintf("%d segments were placed; that the store is whole with them wasn't proven: run 'ivyvault axon verify %s' before the server starts", len(r.wanted), r.target)}
	}
	last := counts[r.p.kind.String()] - 1
	out := []string{
		fmt.Sprintf("all %s from token 0 to %d were proven. After the start /actuator/health must show %s.%s = %d", r.p.kind, last, r.p.context, what, last),
		"take a new full backup as soon as the server runs: one with --force begins a new chain. Without it the next backup goes on only where the store is the very one that was captured last, and raises an alarm otherwise",
	}
	if r.p.kind == segment.Events {
		out = append(out, fmt.Sprintf("applications keep the positions of their event processors themselves: those beyond token %d get no new events until they are set back to it", last))
	}
	return out
}
