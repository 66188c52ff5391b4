package fusefs

import (
	"context"
	"sync"
	"time"

	"ivyvault/repo/tree"
)

// ownName is the folder of a path's versions where the path was a directory
// too; ownEscaped then stands for an entry that really has that name.
const (
	ownName    = ".versions"
	ownEscaped = "%2Eversions"
)

// pastDir is a folder of all names that a directory ever had. The names are
// read when they are asked for and not kept: there may be millions.
type pastDir struct {
	v       Versions
	catalog *catalog
	path    string
	ino     uint64
	both    bool // the path was a file too

	mu     sync.Mutex
	places map[string]uint64 // of what was looked for: what it is, and its name
	marks  []string          // every markEvery-th name of a listing
	last   mark              // where the latest listing stopped
	age    uint64            // of marks and last
}

// mark is a position of a listing with the name that stands before it.
type mark struct {
	pos  uint64
	name string
}

const markEvery = 256

var _ folder = (*pastDir)(nil)

func newPastDir(v Versions, c *catalog, path string, ino uint64, both bool) *pastDir {
	return &pastDir{v: v, catalog: c, path: path, ino: ino, both: both, places: make(map[string]uint64)}
}

func (p *pastDir) changed() time.Time { return p.catalog.snapshots.changed() }

// The ways in which a name can stand in a pastDir. One that a new snapshot
// makes a directory too gets a place of its own, and so another node id.
const (
	wasFile = 'f'
	wasDir  = 'd'
	wasBoth = 'b'
)

func (p *pastDir) place(kind byte, name string) uint64 {
	key := string(kind) + name
	p.mu.Lock()
	defer p.mu.Unlock()
	place, ok := p.places[key]
	if !ok {
		place = uint64(len(p.places))
		p.places[key] = place
	}
	return place
}

func (p *pastDir) find(ctx context.Context, name string) (entry, error) {
	ino := inoOf(p.ino, name)
	e := entry{name: name, ino: ino}
	if p.both && name == ownName {
		e.folder = newPastFile(p.v, p.catalog, p.path, ino)
		e.place = p.place(wasFile, name)
		return e, nil
	}
	real := name
	if p.both && name == ownEscaped {
		real = ownName
	}
	path := tree.Join(p.path, real)
	c, err := p.v.Stat(ctx, path)
	switch {
	case err != nil:
		return e, err
	case c.Dir && c.File:
		e.folder, e.place = newPastDir(p.v, p.catalog, path, ino, true), p.place(wasBoth, name)
	case c.Dir:
		e.folder, e.place = newPastDir(p.v, p.catalog, path, ino, false), p.place(wasDir, name)
	case c.File:
		e.folder, e.place = newPastFile(p.v, p.catalog, path, ino), p.place(wasFile, name)
	default:
		return e, notThere(name)
	}
	return e, nil
}

func (p *pastDir) at(context.Context, uint64) (entry, error) { return entry{}, notThere("") }

// list gives names without more: most who list look at few of them. Position 0
// is before the folder of the path's own versions, whether there is one or not.
func (p *pastDir) list(ctx context.Context, pos uint64, yield func(entry, uint64) bool) error {
	if pos == 0 {
		pos = 1
		if p.both && !yield(entry{name: ownName, ino: inoOf(p.ino, ownName), dir: true}, 1) {
			return nil
		}
	}
	before := p.near(pos)
	for c, err := range p.v.List(ctx, p.path, before.name) {
		if err != nil {
			return err
		}
		here := mark{before.pos + 1, c.Name}
		p.note(here)
		name := c.Name
		if p.both && name == ownName {
			name = ownEscaped
		}
		if here.pos > pos && len(name) <= longestName &&
			!yield(entry{name: name, ino: inoOf(p.ino, name), dir: true}, here.pos) {
			p.stopped(before)
			return nil
		}
		before = here
	}
	return nil
}

// near returns a known mark at or before a position.
func (p *pastDir) near(pos uint64) mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := p.catalog.age.Load(); age != p.age {
		p.age, p.marks, p.last = age, nil, mark{}
	}
	best := mark{pos: 1}
	if i := min((pos-1)/markEvery, uint64(len(p.marks))); i > 0 {
		best = mark{i*markEvery + 1, p.marks[i-1]}
	}
	if p.last.pos <= pos && p.last.pos > best.pos {
		best = p.last
	}
	return best
}

// note keeps every markEvery-th mark.
func (p *pastDir) note(m mark) {
	if (m.pos-1)%markEvery != 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if uint64(len(p.marks)) == (m.pos-1)/markEvery-1 {
		p.marks = append(p.marks, m.name)
	}
}

// stopped keeps where a listing will go on.
func (p *pastDir) stopped(m mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = m
}

// nameAt returns the name that was given a place.
func (p *pastDir) nameAt(place uint64) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, at := range p.places {
		if at == place {
			return key[1:]
		}
	}
	return "?"
}
