package fusefs

import (
	"context"
	"path"
	"sync"
	"time"

	"ivyvault/repo/versions"
)

// pastFile is a folder of the distinct versions of one file.
type pastFile struct {
	v       Versions
	catalog *catalog
	path    string
	*roll

	mu  sync.Mutex
	age uint64 // of the catalog, when the versions were asked for
}

var _ folder = (*pastFile)(nil)

func newPastFile(v Versions, c *catalog, path string, ino uint64) *pastFile {
	return &pastFile{v: v, catalog: c, path: path, roll: newRoll(ino)}
}

// changed is when the snapshots did: whether the versions did is not known
// before somebody looks.
func (p *pastFile) changed() time.Time { return p.catalog.snapshots.changed() }

// load asks for the versions where the snapshots changed since the last time.
func (p *pastFile) load(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	age := p.catalog.age.Load()
	if age == p.age {
		return nil
	}
	list, err := p.v.Of(ctx, p.path)
	if err != nil {
		return err
	}
	p.set(p.members(list), p.catalog.snapshots.changed())
	p.age = age
	return nil
}

// members names each version by the time of the oldest snapshot that holds it,
// and by its host where not all snapshots with the file are of one host.
func (p *pastFile) members(list []versions.Version) []member {
	hosts := make(map[string]bool)
	for i := range list {
		for _, s := range list[i].Snapshots {
			hosts[s.Host] = true
		}
	}
	ext := extension(path.Base(p.path))
	taken := make(map[string]bool, len(list))
	members := make([]member, 0, len(list))
	for i := range list {
		oldest := &list[i].Snapshots[0]
		name := timeName(oldest.Time)
		if len(hosts) > 1 {
			name += "_" + escapeName(oldest.Host)
		}
		name = unique(name, ext, func(s string) bool { return taken[s] })
		taken[name] = true
		ino := inoOfSnapshot(p.ino, oldest.ID)
		members = append(members, member{name + string(oldest.ID[:]), entry{name: name, ino: ino, node: &list[i].Node}})
	}
	return members
}

func (p *pastFile) find(ctx context.Context, name string) (entry, error) {
	if err := p.load(ctx); err != nil {
		return entry{}, err
	}
	return p.roll.find(ctx, name)
}

func (p *pastFile) at(ctx context.Context, place uint64) (entry, error) {
	if e, err := p.roll.at(ctx, place); err == nil {
		return e, nil
	}
	if err := p.load(ctx); err != nil {
		return entry{}, err
	}
	return p.roll.at(ctx, place)
}

func (p *pastFile) list(ctx context.Context, pos uint64, yield func(entry, uint64) bool) error {
	if err := p.load(ctx); err != nil {
		return err
	}
	return p.roll.list(ctx, pos, yield)
}
