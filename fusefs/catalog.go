package fusefs

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// catalog keeps the folders that tell which snapshots the vault has.
type catalog struct {
	vault Vault
	keep  func(Snapshot) bool
	sub   string // the directory of each snapshot that is shown
	every time.Duration
	told  func(error) // hears why the vault could not be asked

	root      *roll
	snapshots *shelf
	ids       *shelf
	hosts     *group
	tags      *group
	systems   *group

	mu      sync.Mutex
	last    time.Time     // when the vault was asked
	running chan struct{} // closed when the question under way is answered
	stopped bool
	under   sync.WaitGroup
	age     atomic.Uint64 // grows when the folders change
}

// patience is how long a look at the list waits for the vault's answer before
// it shows the list as it was.
const patience = time.Second

const inoRoot = 1

func newCatalog(v Vault, opts *Options) *catalog {
	c := &catalog{vault: v, keep: opts.Keep, sub: strings.Trim(opts.Path, "/"), every: opts.RefreshEvery}
	folderIno := func(name string) uint64 { return inoOf(inoRoot, name) }
	c.root = newRoll(inoRoot)
	c.snapshots, c.ids = newShelf(folderIno("snapshots")), newShelf(folderIno("ids"))
	c.hosts, c.tags = newGroup(folderIno("hosts")), newGroup(folderIno("tags"))
	c.systems = newGroup(folderIno("systems"))
	return c
}

// load asks for the snapshots for the first time and sets all folders. extra
// stands beside them in the root.
func (c *catalog) load(ctx context.Context, extra ...entry) error {
	if err := c.read(ctx, true); err != nil {
		return err
	}
	c.last = time.Now()
	all := append([]entry{
		{name: "snapshots", ino: c.snapshots.ino, folder: c.snapshots},
		{name: "ids", ino: c.ids.ino, folder: c.ids},
		{name: "hosts", ino: c.hosts.ino, folder: c.hosts},
		{name: "tags", ino: c.tags.ino, folder: c.tags},
		{name: "systems", ino: c.systems.ino, folder: c.systems},
	}, extra...)
	members := make([]member, len(all))
	for i, e := range all {
		members[i] = member{e.name, e}
	}
	c.root.set(members, c.snapshots.changed())
	return nil
}

// read sets the folders. The first time they count as changed when the newest
// snapshot was made.
func (c *catalog) read(ctx context.Context, first bool) error {
	all, err := c.vault.Snapshots(ctx)
	if err != nil {
		return err
	}
	list := make([]*Snapshot, 0, len(all))
	for i := range all {
		if s := &all[i]; c.shows(s) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *Snapshot) int {
		if o := a.Time.Compare(b.Time); o != 0 {
			return o
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	changed := time.Now()
	if first && len(list) > 0 {
		changed = list[len(list)-1].Time
	}
	whole := func(*Snapshot) string { return c.sub }
	c.snapshots.fill(list, whole, byTime, newest, changed)
	c.ids.fill(list, whole, byID, nil, changed)
	c.hosts.fill(list, whole, func(s *Snapshot) []string { return []string{s.Host} }, newest, changed)
	c.tags.fill(list, whole, func(s *Snapshot) []string { return s.Tags }, newest, changed)
	c.systems.fill(list, func(s *Snapshot) string { return s.SystemRoot }, c.systemsOf, newestGood, changed)
	c.age.Add(1)
	return nil
}

// systemsOf is the system that a snapshot is of. Where the mount shows another
// directory of the snapshots there are none.
func (c *catalog) systemsOf(s *Snapshot) []string {
	if s.System == "" || c.sub != "" {
		return nil
	}
	return []string{s.System}
}

// shows reports whether a snapshot passes the filters. One whose paths have
// nothing to do with the directory that is shown is left out.
func (c *catalog) shows(s *Snapshot) bool {
	if c.keep != nil && !c.keep(*s) {
		return false
	}
	if c.sub == "" || len(s.Paths) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Paths, func(p string) bool {
		p = strings.Trim(p, "/")
		return p == "" || p == c.sub || strings.HasPrefix(c.sub, p+"/") || strings.HasPrefix(p, c.sub+"/")
	})
}

// fresh asks the vault for changes where this was not done lately. It returns
// when the folders are as the vault says, or when ctx ends or patience is
// over: a slow store must not stop those who look at what is known.
func (c *catalog) fresh(ctx context.Context, base context.Context) {
	c.mu.Lock()
	if c.running == nil {
		if c.stopped || time.Since(c.last) < c.every {
			c.mu.Unlock()
			return
		}
		c.running = make(chan struct{})
		c.under.Add(1)
		go c.refresh(base)
	}
	running := c.running
	c.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-running:
	case <-late.C:
	case <-ctx.Done():
	}
}

func (c *catalog) refresh(ctx context.Context) {
	defer c.under.Done()
	changed, err := c.vault.Refresh(ctx)
	if err == nil && changed {
		err = c.read(ctx, false)
	}
	if err != nil && ctx.Err() == nil && c.told != nil {
		c.told(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = time.Now()
	close(c.running)
	c.running = nil
}

// stop waits for a question under way; there are none afterwards.
func (c *catalog) stop() {
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	c.under.Wait()
}
