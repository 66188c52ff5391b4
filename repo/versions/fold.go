package versions

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ivyvault/chunk"
	table "ivyvault/index/versions"
	"ivyvault/repo/tree"
)

// Report says what a fold made.
type Report = table.Report

// ErrFolding is what Fold's error Is where another process is folding: nothing
// need be done.
var ErrFolding = table.ErrFolding

// Fold brings the table in dir to the snapshots of list: of each that it lacks
// it reads the pages that differ from those of the snapshot before it in its
// set, and of a set's first snapshot all pages of directories. Of a snapshot
// that can't be read the table does without. What list does not name leaves
// the table.
//
// Any number of processes may answer meanwhile; memory is bounded. hash is the
// repository's keyed hash of contents. by writes the table, as table.Fold does;
// nil is table.Fold itself.
func Fold(ctx context.Context, r *tree.Reader, hash func([]byte) chunk.ID, dir string, list []Snapshot, by Folder) (Report, error) {
	f := &feeder{tree: r, hash: hash}
	if by == nil {
		by = table.Fold
	}
	return by(ctx, dir, chains(list), f.feed)
}

// Folder does what table.Fold does, perhaps in a process of its own: on a full
// disk, writing a table can kill the process that does it.
type Folder func(ctx context.Context, dir string, live []table.Chain, feed table.Feed) (Report, error)

// chains sorts snapshots by time into one chain for each backup set.
func chains(list []Snapshot) []table.Chain {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Snapshot) int { return a.Time.Compare(b.Time) })
	var all []table.Chain
	at := make(map[string]int)
	for _, s := range list {
		name := s.Set
		if name == "" {
			name = s.Host
		}
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name] = i
			all = append(all, table.Chain{Name: name})
		}
		all[i].Snapshots = append(all[i].Snapshots, table.Snapshot{ID: s.ID, Root: s.Root})
	}
	return all
}

// feeder tells a fold what differs between snapshots.
type feeder struct {
	tree *tree.Reader
	hash fingerprint
}

func (f *feeder) feed(ctx context.Context, before, s table.Snapshot, put table.Put) error {
	err := f.tree.Diff(ctx, before.Root, s.Root, func(dir string, old, new *tree.Node) error {
		switch {
		case new == nil:
			return put(dir, old.Name, table.State{})
		case old != nil && sameVersion(old, new):
			return nil
		}
		return put(dir, new.Name, f.hash.state(new))
	})
	if errors.Is(err, chunk.ErrDamaged) {
		return fmt.Errorf("%w: %w", table.ErrLeaveOut, err)
	}
	return err
}
