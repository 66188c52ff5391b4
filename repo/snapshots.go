package repo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// Snapshots returns all snapshots that exist, oldest first. Where the object of
// one can't be read the error is a LostSnapshotsError. Under a backup key it
// fails with ErrNeedsFull: snapshots name paths and hosts.
func (r *Repo) Snapshots(ctx context.Context) ([]Snapshot, error) {
	list, lost, err := r.ReadableSnapshots(ctx)
	if err == nil && lost != nil {
		return nil, lost
	}
	return list, err
}

// ReadableSnapshots is Snapshots for those who can go on without some: it
// returns those that can be read, and names the others, if there are any.
func (r *Repo) ReadableSnapshots(ctx context.Context) ([]Snapshot, *LostSnapshotsError, error) {
	head := r.State().Head()
	list, lost, err := r.readSnapshots(ctx)
	if err != nil || lost == nil {
		return list, nil, err
	}
	// They may have been forgotten and swept meanwhile: the log tells.
	changed, err := r.RefreshSince(ctx, head)
	if err != nil {
		return nil, nil, err
	}
	if changed {
		list, lost, err = r.readSnapshots(ctx)
	}
	return list, lost, err
}

func (r *Repo) readSnapshots(ctx context.Context) ([]Snapshot, *LostSnapshotsError, error) {
	if !r.ring.CanRead() {
		return nil, nil, &roleError{"read snapshots"}
	}
	live := r.State().Snapshots()
	forms := make([]Name, 0, len(live))
	for _, s := range live {
		forms = append(forms, Name(s.Form))
	}
	cached := r.readSnapshotCache(forms)
	list := make([]Snapshot, 0, len(live))
	var lost *LostSnapshotsError
	fresh := 0
	for i, form := range forms {
		opened, ok := cached[form]
		var err error
		if !ok {
			if opened.plain, opened.signer, err = r.readSnapshot(ctx, form); err == nil {
				cached[form] = opened
				fresh++
			}
		}
		var s Snapshot
		if err == nil {
			s, err = decodeSnapshot(opened.plain, form)
			s.Signer = opened.signer
		}
		if err == nil && s.ID != Name(live[i].ID) {
			err = &chunk.DamageError{What: "snapshot " + form.Short(), How: "it says that it is a form of another snapshot than the log says"}
		}
		switch {
		case err == nil:
			list = append(list, s)
		case errors.Is(err, chunk.ErrDamaged):
			if lost == nil {
				lost = new(LostSnapshotsError)
			}
			lost.add(Name(live[i].ID), form, err)
		default:
			return nil, nil, err
		}
	}
	if fresh > 0 {
		r.writeSnapshotCache(forms, cached)
	}
	SortSnapshots(list)
	return list, lost, nil
}

// Trusts reports whether what a signer says may be relied on without being
// verified: what this key itself or a full key wrote. A backup key of another
// host may have been stolen.
func (r *Repo) Trusts(s seal.Signer) bool {
	return s.Role == seal.Full || s.Public == r.ring.Signer()
}

// readSnapshot reads, verifies and opens one form.
func (r *Repo) readSnapshot(ctx context.Context, form Name) ([]byte, seal.Signer, error) {
	what := "snapshot " + form.Short()
	obj, err := r.store.Get(ctx, store.Name{Type: store.Snapshot, Name: form.String()}, 0, -1)
	if errors.Is(err, store.ErrNotExist) {
		return nil, seal.Signer{}, &chunk.DamageError{What: what, How: "the log says it exists, but it is gone", Err: err}
	}
	if err != nil {
		return nil, seal.Signer{}, err
	}
	if seal.ObjectName(obj) != form {
		return nil, seal.Signer{}, &chunk.DamageError{What: what, How: "its bytes do not have its name"}
	}
	plain, signer, err := r.ring.OpenSnapshot(obj)
	if err != nil {
		return nil, signer, wrapWhat(what, err)
	}
	return plain, signer, nil
}

// FindSnapshot returns the one snapshot that a user means: "latest", "latest~N"
// (N before it), or the beginning of an id. Filter narrows what latest means.
func FindSnapshot(list []Snapshot, what string, filter func(Snapshot) bool) (Snapshot, error) {
	if name, back, ok := cutLatest(what); ok {
		if name < 0 {
			return Snapshot{}, fmt.Errorf("%q: after latest~ comes a number", what)
		}
		for i := len(list) - 1; i >= 0; i-- {
			if filter != nil && !filter(list[i]) {
				continue
			}
			if back == 0 {
				return list[i], nil
			}
			back--
		}
		return Snapshot{}, &NotFoundError{what}
	}
	var found []Snapshot
	for _, s := range list {
		if len(what) >= 4 && strings.HasPrefix(s.ID.String(), strings.ToLower(what)) {
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Snapshot{}, fmt.Errorf("%d snapshots begin with %q: give more digits", len(found), what)
	case len(what) < 4:
		return Snapshot{}, fmt.Errorf("%q is too short for a snapshot: give at least 4 digits of its id, or latest", what)
	}
	return Snapshot{}, &NotFoundError{what}
}

// cutLatest understands latest and latest~N; kind is -1 where N is no number.
func cutLatest(what string) (kind, back int, ok bool) {
	rest, ok := strings.CutPrefix(what, "latest")
	if !ok {
		return 0, 0, false
	}
	if rest == "" {
		return 0, 0, true
	}
	n, ok := strings.CutPrefix(rest, "~")
	if !ok {
		return 0, 0, false
	}
	back, err := strconv.Atoi(n)
	if err != nil || back < 0 {
		return -1, 0, true
	}
	return 0, back, true
}
