package repo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"ivyvault/index"
	"ivyvault/repo/log"
	"ivyvault/repo/pack"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// The functions of this file look at single objects, for people who want to
// see what is stored. All that they return was verified.

// FindObject returns the one object of the type whose name begins with prefix.
func (r *Repo) FindObject(ctx context.Context, t store.Type, prefix string) (Name, error) {
	var found []Name
	err := r.store.List(ctx, t, func(i store.Info) error {
		var n Name
		if strings.HasPrefix(i.Name.Name, strings.ToLower(prefix)) && n.UnmarshalText([]byte(i.Name.Name)) == nil {
			found = append(found, n)
		}
		return nil
	})
	switch {
	case err != nil:
		return Name{}, err
	case len(found) == 0:
		return Name{}, fmt.Errorf("no object in %s begins with %q: 'ivyvault debug list %s' lists them", t, prefix, t)
	case len(found) > 1:
		return Name{}, fmt.Errorf("%d objects in %s begin with %q: give more digits", len(found), t, prefix)
	}
	return found[0], nil
}

// LogEntry reads entry n of the log.
func (r *Repo) LogEntry(ctx context.Context, n uint64) (*log.Entry, error) {
	return r.log.Entry(ctx, n)
}

// IndexFile reads an index file and tells who signed it.
func (r *Repo) IndexFile(ctx context.Context, name Name) (index.File, seal.Signer, error) {
	return r.readIndexFile(ctx, name)
}

// PackTable reads the table of the pack, which lists its chunks.
func (r *Repo) PackTable(ctx context.Context, name Name) ([]pack.Entry, error) {
	if !r.ring.CanRead() {
		return nil, &roleError{"open packs"}
	}
	var size int64 = -1
	err := r.store.List(ctx, store.Pack, func(i store.Info) error {
		if i.Name == packName(name) {
			size = i.Size
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, fmt.Errorf("pack %s: %w", name, store.ErrNotExist)
	}
	p, err := r.openPack(ctx, name, size)
	if err != nil {
		return nil, err
	}
	entries := make([]pack.Entry, p.table.Len())
	for i := range entries {
		entries[i] = p.table.Entry(i)
	}
	return entries, nil
}

// SnapshotForm reads a snapshot object, a form that was replaced included, and
// tells who signed it. The JSON is as it was stored.
func (r *Repo) SnapshotForm(ctx context.Context, form Name) (json.RawMessage, seal.Signer, error) {
	if !r.ring.CanRead() {
		return nil, seal.Signer{}, &roleError{"read snapshots"}
	}
	return r.readSnapshot(ctx, form)
}

// SlotInfo reads what a key slot tells without its password.
func (r *Repo) SlotInfo(ctx context.Context, name Name) (seal.SlotInfo, error) {
	data, err := r.store.Get(ctx, store.Name{Type: store.Key, Name: name.String()}, 0, -1)
	if err != nil {
		return seal.SlotInfo{}, err
	}
	return seal.ParseSlot(data)
}
