package versions

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ivyvault/chunk"
	"ivyvault/index/generation"
	table "ivyvault/index/versions"
	"ivyvault/repo/tree"
)

// Tabled answers as a Finder does, for the snapshots that it was given, from a
// table on disk; what the table lacks is looked up in the snapshots. It may be
// used concurrently. It must be closed.
//
// Where the table is missing, torn or damaged, now or later, the answers come
// from the snapshots alone, and the next Fold makes a new table.
type Tabled struct {
	tree *tree.Reader
	hash fingerprint
	dir  string
	all  *Finder // answers for paths that no table holds

	mu     sync.Mutex
	now    *view
	shared *shared
	why    error
}

// shared is an open table with how many use it.
type shared struct {
	*table.Table
	users int // guarded by Tabled.mu
}

// Open returns a Tabled without snapshots over the table in dir; "" means that
// there is none. hash is the repository's keyed hash of contents.
func Open(r *tree.Reader, hash func([]byte) chunk.ID, dir string) *Tabled {
	t := &Tabled{tree: r, hash: hash, dir: dir, all: New(r)}
	t.Set(nil)
	return t
}

// Set replaces the snapshots, and takes a newer table where there is one.
func (t *Tabled) Set(list []Snapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.Set(list)
	list, _, _ = t.all.state("")
	t.reopen()
	t.now = newView(t, list)
}

// Reload takes a newer table where there is one: after a Fold.
func (t *Tabled) Reload() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reopen() {
		t.now = newView(t, t.now.list)
	}
}

// reopen opens the newest table and reports whether it is another than before.
func (t *Tabled) reopen() bool {
	if t.dir == "" || t.shared != nil && !t.shared.Superseded() {
		return false
	}
	fresh, err := table.OpenTable(t.dir)
	if err != nil {
		// What is open still serves.
		if !errors.Is(err, generation.ErrNone) {
			t.why = err
		}
		return false
	}
	t.drop(t.shared)
	t.shared = &shared{Table: fresh, users: 1}
	return true
}

// drop ends one use of a table, and closes it after the last.
func (t *Tabled) drop(s *shared) {
	if s == nil {
		return
	}
	if s.users--; s.users == 0 {
		_ = s.Close() // a cache that was only read
	}
}

// hold returns the present view, of which the table stays open until release.
func (t *Tabled) hold() *view {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.table != nil {
		t.now.table.users++
	}
	return t.now
}

func (t *Tabled) release(v *view) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(v.table)
}

// gaveUp reports whether err says that the view's table is damaged. The table
// is not used any more then, and the question can be asked again.
func (t *Tabled) gaveUp(v *view, err error) bool {
	var damage *generation.DamageError
	if v.table == nil || !errors.As(err, &damage) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shared == v.table {
		t.why = err
		_ = t.shared.Disown() // where it stays, the next process finds the damage again
		t.drop(t.shared)
		t.shared = nil
		t.now = newView(t, t.now.list)
	}
	return true
}

// Missing returns how many of the snapshots the table lacks. Each of them costs
// every answer a look at its directories.
func (t *Tabled) Missing() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now.missing
}

// foldAt is the number of snapshots that the table may lack before a fold is
// worth it; doc/decisions.md has the figures.
const foldAt = 16

// ShouldFold reports whether the table lacks so many snapshots that a Fold is
// worth its time. A vault with few snapshots never needs a table.
func (t *Tabled) ShouldFold() bool { return t.dir != "" && t.Missing() > foldAt }

// Discarded returns why a table that was there is not used, or nil.
func (t *Tabled) Discarded() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.why
}

// Close lets go of the table. No other method may be called then; answers that
// are under way end as they would.
func (t *Tabled) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(t.shared)
	t.shared = nil
	t.now = newView(t, nil)
	return nil
}

// Stat tells what the path was; the zero Child where it never was anything.
func (t *Tabled) Stat(ctx context.Context, path string) (Child, error) {
	path = clean(path)
	for {
		v := t.hold()
		c, err := v.stat(ctx, path)
		t.release(v)
		if errors.Is(err, table.ErrTooLong) {
			return t.all.Stat(ctx, path)
		}
		if !t.gaveUp(v, err) {
			return c, err
		}
	}
}

// Of returns each distinct version of the file once, in the order of the
// oldest snapshots that hold them. Where the path never was a file there are
// none.
func (t *Tabled) Of(ctx context.Context, path string) ([]Version, error) {
	path = clean(path)
	for {
		v := t.hold()
		all, err := v.of(ctx, path)
		t.release(v)
		if errors.Is(err, table.ErrTooLong) {
			return t.all.Of(ctx, path)
		}
		if !t.gaveUp(v, err) {
			return ordered(v.list, all), err
		}
	}
}

// astray says that a table does not tell what a snapshot holds.
func astray(path string) error {
	return &generation.DamageError{Path: "the table of versions", How: fmt.Sprintf("it is wrong about %q", path)}
}
