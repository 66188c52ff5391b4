package opensearch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"ivyvault/sources"
)

// restoring is one restore under way.
type restoring struct {
	p      *Part
	c      *client
	from   fs.FS
	opt    *sources.RestoreOptions
	rec    *record
	chosen []recorded
	taken  release        // that the capture is of
	to     release        // that it goes to
	lives  map[string]int // shards of those of the chosen that live there, by their name there
	out    sources.Restored
}

// Restore puts back what a capture by any of the methods holds; the tree says by
// which. Only names indices, or patterns with *.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	var none sources.Restored
	c := p.c
	if c.Method == "" || c.Method == BySnapshot && c.Snapshot.Location == "" {
		c.Method = ByExport // how to capture is not asked for here
	}
	if len(c.Indices)+len(c.Prefixes) == 0 {
		c.Indices = []string{"*"}
	}
	if err := c.Validate(); err != nil {
		return none, err
	}
	rec, err := readRecord(from)
	if err != nil {
		return none, err
	}
	r := &restoring{p: p, from: from, opt: &opt, rec: rec}
	if r.taken, err = parseRelease(rec.Product, rec.Version); err != nil {
		return none, fmt.Errorf("%s: %w", recordName, err)
	}
	if err := r.choose(opt.Only); err != nil {
		return none, err
	}
	if r.c, err = connect(ctx, &c, p.env.Mask); err != nil {
		return none, err
	}
	defer r.c.close()
	if r.to, err = identify(ctx, r.c); err != nil {
		return none, err
	}
	opt.Say("%d indices of %v, captured by %s, go to %v at %s", len(r.chosen), r.taken, rec.Method, r.to, r.c.base)
	switch rec.Method {
	case BySnapshot:
		err = r.snapshot(ctx, &c.Restore)
	case ByExport:
		err = r.load(ctx)
	case ByRebuild:
		err = r.clear(ctx)
	default:
		err = fmt.Errorf("%s names the method %q, which this program does not know: use a newer one", recordName, rec.Method)
	}
	return r.out, err
}

// choose picks the indices that are wanted.
func (r *restoring) choose(only []string) error {
	if len(only) == 0 {
		r.chosen = r.rec.Indices
		return nil
	}
	used := map[string]bool{}
	for _, x := range r.rec.Indices {
		for _, o := range only {
			match, err := path.Match(o, x.Name)
			if err == nil && match || o == x.Name {
				if used[o] = true; len(r.chosen) == 0 || r.chosen[len(r.chosen)-1].Name != x.Name {
					r.chosen = append(r.chosen, x)
				}
			}
		}
	}
	for _, o := range only {
		if !used[o] {
			var names []string
			for _, x := range r.rec.Indices {
				names = append(names, x.Name)
			}
			return fmt.Errorf("no index %s is in this capture: it holds %s", o, strings.Join(names, ", "))
		}
	}
	return nil
}

// target is the name under which an index comes back.
func (r *restoring) target(name string) string { return r.p.c.Restore.Prefix + name }

// occupied looks what lives under the names that come back and refuses unless it
// may be replaced.
func (r *restoring) occupied(ctx context.Context) error {
	r.lives = map[string]int{}
	for _, x := range r.chosen {
		name := r.target(x.Name)
		if err := checkName(name); err != nil {
			return err
		}
		var found map[string]description
		err := r.c.get(ctx, &found, "expand_wildcards=open,closed", name)
		if isStatus(err, http.StatusNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		d, ok := found[name]
		if !ok {
			return fmt.Errorf("%s is an alias at the search server at %s, so no index of that name can come back: remove the alias, or set restore: prefix; nothing was changed", name, r.c.base)
		}
		live, err := newIndex(name, d)
		if err != nil {
			return err
		}
		r.lives[name] = live.shards
	}
	if len(r.lives) > 0 && !r.opt.Replace {
		return &sources.OccupiedError{Where: "the search server at " + r.c.base.String(), What: "it has " + some(r.lives)}
	}
	return nil
}

// some names the first few of many.
func some(names map[string]int) string {
	var list []string
	for n := range names {
		list = append(list, n)
	}
	slices.Sort(list)
	if more := len(list) - 5; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:5], ", "), more)
	}
	return strings.Join(list, ", ")
}

func (r *restoring) delete(ctx context.Context, name string) error {
	err := r.c.call(ctx, request{method: http.MethodDelete, path: []string{name}}, nil)
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// counted counts what came back and compares it with what was captured: want is
// -1 where that is not known exactly.
func (r *restoring) counted(ctx context.Context, name string, want int64) error {
	if err := r.c.call(ctx, request{method: http.MethodPost, path: []string{name, "_refresh"}}, nil); err != nil {
		return err
	}
	n, _, err := count(ctx, r.c, name)
	if err != nil {
		return err
	}
	if r.out.Counts == nil {
		r.out.Counts = map[string]int64{}
	}
	r.out.Counts[name] = n
	if want >= 0 && n != want {
		return fmt.Errorf("the index %s came back with %d documents, and %d were captured: it is there, and must not be relied on", name, n, want)
	}
	r.opt.Say("%s: %d documents", name, n)
	return nil
}

// clear makes way for an engine that rebuilds its indices: stale ones would be
// taken for good.
func (r *restoring) clear(ctx context.Context) error {
	if r.p.c.Restore.Prefix != "" {
		return errors.New("this capture holds no documents, so nothing can come back under another name: leave restore: prefix out")
	}
	if err := r.occupied(ctx); err != nil {
		return err
	}
	for name := range r.lives {
		if err := r.delete(ctx, name); err != nil {
			return err
		}
		r.opt.Say("deleted %s, which the engine makes anew", name)
	}
	step := r.rec.Rebuild
	if step == "" {
		step = r.p.env.Rebuild
	}
	r.out.Notes = append(r.out.Notes, "the indices hold nothing yet: "+step)
	for _, x := range r.chosen {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s held %d documents", x.Name, x.Documents))
	}
	return nil
}
