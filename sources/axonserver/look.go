package axonserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
)

// look is what a server has, as far as it says, together with what the chain
// holds already.
type look struct {
	closed   int64 // the watermark for the next night
	groups   []*group
	byNumber map[int64]*group
	dirs     []string // of this machine, in which files were named
	ignored  int      // files that belong to no segment
	newest   int64    // number of the newest segment
	lower    *group   // a segment of which the chain holds a higher version
}

// group is the files of one segment, of its highest version.
type group struct {
	number  int64
	version int
	closed  bool
	carried *known // by the chain; files then holds nothing but a global index
	begin   *begun // what an earlier night saw of it
	files   map[segment.Part]place
}

// place is where a file lies on this machine.
type place struct {
	name segment.Name
	path string
}

// stem is what the names of a segment's files begin with. Those of one segment
// stand together, whatever their order.
func (g *group) stem() string {
	n := segment.Name{Number: g.number, Version: g.version}
	if g.carried != nil {
		n.Old = g.carried.Files[0].Old
	} else {
		n.Old = g.files[segment.Data].name.Old
	}
	stem, _, _ := strings.Cut(n.String(), ".")
	return stem
}

// look asks the server and puts together what it says and what is known.
func (p *Segments) look(ctx context.Context, client *rest.Client, about *rest.About, st *state) (*look, error) {
	watermark := int64(-1)
	if st != nil {
		watermark = st.Closed
	}
	list, err := client.Segments(ctx, p.kind, p.context, watermark)
	if err != nil {
		if rest.NoContext(err) && about.Year() >= 2025 {
			return nil, errors.Join(&NotCoveredError{p.context, about.Version, "the server has the context, and no event store of it"}, err)
		}
		return nil, err
	}
	l := &look{closed: list.Closed, byNumber: map[int64]*group{}}
	all := map[int64]*group{}
	for _, file := range list.Paths {
		if err := p.add(l, all, file); err != nil {
			return nil, err
		}
	}
	if !list.Open {
		if err := p.old(ctx, client, l, all, watermark); err != nil {
			return nil, err
		}
	}
	for n, g := range all {
		g.closed = n <= l.closed
		if _, ok := g.files[segment.Data]; !ok && st.has(n) {
			continue // a global index, or one that the chain holds
		} else if !ok {
			return nil, fmt.Errorf("the server names index files of the segment %d, and not the segment itself: its list is not whole", n)
		}
		l.byNumber[n] = g
	}
	if len(l.byNumber) == 0 && (st == nil || list.Open) {
		return nil, p.nothing(about, l, list.Open)
	}
	p.carry(l, all, st)
	for _, g := range l.byNumber {
		l.groups = append(l.groups, g)
	}
	slices.SortFunc(l.groups, func(a, b *group) int { return cmp.Compare(a.number, b.number) })
	if len(l.groups) > 0 {
		l.newest = l.groups[len(l.groups)-1].number
	}
	return l, nil
}

// has reports whether the chain holds a closed segment of the number.
func (s *state) has(number int64) bool { return s != nil && s.find(number) != nil }

// add puts a file that the server named to its segment.
func (p *Segments) add(l *look, all map[int64]*group, file string) error {
	name, ok := segment.ParseName(path.Base(file))
	if !ok {
		l.ignored++
		return nil
	}
	at, err := p.c.place(p.kind, p.context, file)
	if err != nil {
		return err
	}
	if name.Kind != p.kind {
		return fmt.Errorf("the server was asked for %s and named %s: nothing was copied", p.kind, file)
	}
	if dir := filepath.Dir(at); !slices.Contains(l.dirs, dir) {
		l.dirs = append(l.dirs, dir)
	}
	put(all, place{name, at})
	return nil
}

// put keeps the highest version of each segment.
func put(all map[int64]*group, f place) {
	g := all[f.name.Number]
	if g == nil || g.version < f.name.Version {
		g = &group{number: f.name.Number, version: f.name.Version, files: map[segment.Part]place{}}
		all[f.name.Number] = g
	}
	if g.version == f.name.Version {
		g.files[f.name.Part] = f
	}
}

// carry adds the segments that the chain holds, unless they were transformed,
// and the global indexes, which are copied anew each time.
func (p *Segments) carry(l *look, all map[int64]*group, st *state) {
	if st == nil {
		return
	}
	for i := range st.Segments {
		k := &st.Segments[i]
		g := all[k.Number]
		if g != nil && g.version > k.Version && l.byNumber[k.Number] == g {
			continue
		}
		if g != nil && g.version < k.Version && l.byNumber[k.Number] == g {
			l.lower = g
		}
		c := &group{number: k.Number, version: k.Version, closed: true, carried: k, files: map[segment.Part]place{}}
		if g != nil && g.version == k.Version {
			if x, ok := g.files[segment.GlobalIndex]; ok {
				c.files[segment.GlobalIndex] = x
			}
		}
		l.byNumber[k.Number] = c
	}
	for _, s := range st.Global {
		n, _ := segment.ParseName(s)
		g := l.byNumber[n.Number]
		if g == nil || g.version != n.Version {
			continue
		}
		if _, listed := g.files[segment.GlobalIndex]; listed {
			continue
		}
		for _, dir := range p.folders(l.dirs) {
			if _, err := p.env.Files.Stat(filepath.Join(dir, s)); err == nil {
				g.files[segment.GlobalIndex] = place{n, filepath.Join(dir, s)}
				break
			}
		}
	}
}

// folders are those of this machine in which segments may lie.
func (p *Segments) folders(seen []string) []string {
	all := slices.Clone(seen)
	for _, s := range p.c.storages(p.kind) {
		if dir := p.c.here(path.Join(s, p.context)); !slices.Contains(all, dir) {
			all = append(all, dir)
		}
	}
	return all
}

// old finds the open segments for a server whose list leaves them out: they are
// those with higher numbers. That such a server has not gone back shows only
// when it is asked for the watermark's own segment.
func (p *Segments) old(ctx context.Context, client *rest.Client, l *look, all map[int64]*group, watermark int64) error {
	if watermark >= 0 {
		before, err := client.Segments(ctx, p.kind, p.context, watermark-1)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(before.Paths, func(s string) bool {
			n, ok := segment.ParseName(path.Base(s))
			return ok && n.Part == segment.Data && n.Number == watermark
		}) {
			return nil // its last closed segment shows as lower, which is an alarm
		}
		l.closed = max(l.closed, watermark)
		for _, s := range before.Paths {
			at, err := p.c.place(p.kind, p.context, s)
			if err != nil {
				return err
			}
			if dir := filepath.Dir(at); !slices.Contains(l.dirs, dir) {
				l.dirs = append(l.dirs, dir)
			}
		}
	}
	for _, dir := range p.folders(l.dirs) {
		names, err := p.env.Files.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, d := range names {
			n, ok := segment.ParseName(d.Name())
			if ok && n.Kind == p.kind && n.Part == segment.Data && n.Number > l.closed {
				put(all, place{n, filepath.Join(dir, d.Name())})
			}
		}
		if !slices.Contains(l.dirs, dir) {
			l.dirs = append(l.dirs, dir)
		}
	}
	return nil
}

// nothing says what it means that a server names no segment at all: each store
// has at least an open one.
func (p *Segments) nothing(about *rest.About, l *look, all bool) error {
	switch {
	case all && l.ignored > 0:
		return &NotCoveredError{p.context, about.Version, fmt.Sprintf("the server names %d files of it, none of which is a segment", l.ignored)}
	case all:
		return &NotCoveredError{p.context, about.Version, "the server names no file of it, though each event store has at least one open segment"}
	}
	return fmt.Errorf("the server names no closed segment of the %s of the context %s, and no open one lies in %s: say under 'events', 'snapshots' and 'path-map' where they are",
		p.kind, p.context, cmp.Or(strings.Join(p.folders(l.dirs), " or "), "a folder that is known"))
}

// find opens a segment's file that an earlier night has copied: where files of
// the context lie, or else where the server says.
func (p *Segments) find(ctx context.Context, client *rest.Client, name segment.Name, dirs []string) (File, error) {
	for _, dir := range p.folders(dirs) {
		f, err := p.env.Files.Open(filepath.Join(dir, name.String()))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	list, err := client.Segments(ctx, p.kind, p.context, name.Number-1)
	if err != nil {
		return nil, err
	}
	for _, s := range list.Paths {
		if path.Base(s) != name.String() {
			continue
		}
		at, err := p.c.place(p.kind, p.context, s)
		if err != nil {
			return nil, err
		}
		return p.env.Files.Open(at)
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}
