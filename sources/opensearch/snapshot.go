package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/listing"
)

// snapshot is a capture of the files of the server's repository, right after a
// snapshot was taken into it.
type snapshot struct {
	p     *Part
	c     *client
	s     *survey
	shot  *shot
	held  *held
	files []listing.File
	exact map[string]bool // indices that nobody wrote while the snapshot was taken
	good  bool            // Facts found nothing wrong
}

var (
	_ sources.Capture   = (*snapshot)(nil)
	_ sources.Described = (*snapshot)(nil)
	_ sources.Stateful  = (*snapshot)(nil)
)

// state is what the next capture has to know of this one.
type state struct {
	Snapshot string `json:"snapshot"`
	UUID     string `json:"uuid"`
}

// Continue takes what State of the last good capture returned.
func (p *Part) Continue(text []byte) error {
	var s state
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil || s.UUID == "" {
		return fmt.Errorf("what is kept of the last capture of the search server is not understood; nothing is lost by that, only old snapshots stay there for another night")
	}
	p.state = &s
	return nil
}

func (p *Part) snapshot(ctx context.Context, c *client, s *survey) (sources.Capture, error) {
	if err := p.register(ctx, c); err != nil {
		return nil, err
	}
	if err := p.idle(ctx, c); err != nil {
		return nil, err
	}
	if _, err := os.ReadDir(p.c.Snapshot.Local); err != nil {
		return nil, fmt.Errorf("the folder of the search server's snapshots can't be read here: %w: name the place in snapshot: local where this machine sees what the server calls %s", err, p.c.Snapshot.Location)
	}
	if err := p.sweep(ctx, c); err != nil {
		return nil, err
	}
	shot, err := p.take(ctx, c, s.names())
	if err != nil {
		return nil, err
	}
	x := &snapshot{p: p, c: c, s: s, shot: shot, exact: map[string]bool{}}
	if err := x.prepare(ctx); err != nil {
		return nil, p.discard(ctx, c, shot.Name, err)
	}
	p.say("the snapshot %s is whole: %d files, %d MiB", shot.Name, len(x.held.files), x.held.bytes>>20)
	return x, nil
}

// prepare lists the files and writes the record.
func (x *snapshot) prepare(ctx context.Context) error {
	for i := range x.s.indices {
		n := &x.s.indices[i]
		if n.closed {
			continue
		}
		docs, writes, err := count(ctx, x.c, n.name)
		if err != nil {
			return err
		}
		x.exact[n.name] = docs == n.docs && writes == n.writes && writes >= 0
	}
	var err error
	if x.held, err = hold(x.p.c.Snapshot.Local); err != nil {
		return fmt.Errorf("the files of the snapshot can't be listed: %w", err)
	}
	if err := x.mapped(ctx); err != nil {
		return err
	}
	r := newRecord(BySnapshot, x.s)
	r.Snapshot = &taken{Name: x.shot.Name, UUID: x.shot.UUID, Generation: x.held.generation}
	for i := range r.Indices {
		r.Indices[i].Exact = x.exact[r.Indices[i].Name]
	}
	f, err := r.file(time.UnixMilli(x.shot.EndMS))
	x.files = append(x.held.files, f)
	return err
}

// mapped makes sure that the folder here is the one that the server wrote to:
// its list names the snapshot that was just taken.
func (x *snapshot) mapped(ctx context.Context) error {
	list := filepath.ToSlash(filepath.Join(repositoryName, listPrefix+strconv.FormatInt(x.held.generation, 10)))
	for i := range x.held.files {
		f := &x.held.files[i]
		if f.Path != list {
			continue
		}
		r, err := f.Open(ctx)
		if err != nil {
			return err
		}
		p, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if bytes.Contains(p, []byte(x.shot.UUID)) {
			return nil
		}
	}
	return fmt.Errorf("the list in %s does not name the snapshot that was just taken: it is not the folder that the server calls %s; set snapshot: local", x.p.c.Snapshot.Local, x.p.c.Snapshot.Location)
}

func (x *snapshot) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, x.files)
}

// Facts fails where anybody changed the repository while it was read: what
// earlier lists name may have been deleted.
func (x *snapshot) Facts(ctx context.Context) (sources.Facts, error) {
	f := x.s.facts(BySnapshot)
	f.Consistency = sources.Snapshot
	f.Details["snapshot"], f.Details["snapshot uuid"] = x.shot.Name, x.shot.UUID
	f.Details["repository"], f.Details["location"] = x.p.c.Snapshot.Repository, x.p.c.Snapshot.Location
	f.Details["generation"] = strconv.FormatInt(x.held.generation, 10)
	all, err := underWay(ctx, x.c)
	if err != nil {
		return f, err
	}
	for _, r := range all {
		if r.Repository == x.p.c.Snapshot.Repository {
			return f, &BusyError{r.Repository, r.Name}
		}
	}
	n, err := newest(x.p.c.Snapshot.Local)
	if err != nil {
		return f, fmt.Errorf("the snapshot repository can't be looked at again: %w", err)
	}
	if n != x.held.generation {
		return f, &MovedError{x.held.generation, n}
	}
	f.Checks = append(f.Checks,
		sources.Check{Name: "every node can use the repository", OK: true, Said: x.p.c.Snapshot.Location},
		sources.Check{Name: "all shards are in the snapshot", OK: true, Said: fmt.Sprintf("%d of %d", x.shot.Shards.OK, x.shot.Shards.Total)},
		sources.Check{Name: "the repository stood still while it was read", OK: true, Said: fmt.Sprintf("generation %d", n)})
	for i := range x.s.indices {
		if name := x.s.indices[i].name; !x.s.indices[i].closed && !x.exact[name] {
			f.Notes = append(f.Notes, name+" was written while the snapshot was taken: its count is that of the beginning")
		}
	}
	x.good = true
	return f, nil
}

// State names the snapshot, so that the next night can delete what is older.
func (x *snapshot) State() ([]byte, error) {
	return json.Marshal(state{x.shot.Name, x.shot.UUID})
}

// Close deletes the snapshot where the capture did not end well. Else it stays:
// the next one is made from it.
func (x *snapshot) Close(ctx context.Context) error {
	defer x.c.close()
	if x.good {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearing)
	defer cancel()
	if err := remove(ctx, x.c, x.p.c.Snapshot.Repository, x.shot.Name); err != nil {
		return fmt.Errorf("the snapshot %s could not be deleted, the next run does it: %w", x.shot.Name, err)
	}
	return nil
}
