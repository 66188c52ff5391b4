package repo

import (
	"context"
	"errors"
	"fmt"

	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// writeTries is how often a write begins again when a prune removed what it
// relied on before it could commit.
const writeTries = 3

// Write runs fn and makes the snapshot that it returns exist: after the packs
// of the Writer, its index files and the snapshot object are durable, the log
// entry is won; only then Write returns nil. fn may be run again from the
// start, with a new Writer, where a prune removed meanwhile what it relied on;
// what it put before is not uploaded twice. On error no snapshot exists; what
// was uploaded is found again by the next write of the same key.
func (r *Repo) Write(ctx context.Context, fn func(context.Context, *Writer) (Snapshot, error)) (Snapshot, error) {
	var err error
	for range writeTries {
		var snap Snapshot
		snap, err = r.writeOnce(ctx, fn)
		var swept *log.SweptError
		if !errors.As(err, &swept) {
			return snap, err
		}
	}
	return Snapshot{}, fmt.Errorf("prune removed what this backup relied on, %d times in a row: run it again when prune has ended: %w", writeTries, err)
}

func (r *Repo) writeOnce(ctx context.Context, fn func(context.Context, *Writer) (Snapshot, error)) (Snapshot, error) {
	w, err := r.newWriter(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	defer r.endWriting()
	snap, err := fn(w.ctx, w)
	if err == nil {
		err = w.finish()
	}
	// The uploads are waited for in any case: nothing runs on behind the caller.
	if werr := w.stop(); werr != nil {
		err = werr // the first failure; what fn met may only follow from it
	}
	if err != nil {
		return Snapshot{}, err
	}
	return w.commit(ctx, snap)
}

// commit stores the snapshot object and wins its log entry.
func (w *Writer) commit(ctx context.Context, snap Snapshot) (Snapshot, error) {
	r := w.r
	if snap.Stats != nil { // fn described the snapshot before the last packs were closed
		c, s := w.Counters(), *snap.Stats
		s.BytesAdded, s.ChunksNew = c.PacksBytes, c.New
		snap.Stats = &s
	}
	form, err := r.putSnapshot(ctx, snap)
	if err != nil {
		return snap, err
	}
	snap.Form = form
	if snap.Replaces == (Name{}) {
		snap.ID = form
	}
	body := log.Commit{Form: form, ID: snap.ID, Replaces: snap.Replaces, Run: w.run, Index: w.commitIndex()}
	state, err := r.log.Update(ctx, func(now *log.State) (log.Body, error) {
		if err := log.CanCommit(w.base, now, w.relied()); err != nil {
			return nil, err
		}
		return body, nil
	})
	if err != nil {
		// The entry may stand although the answer was lost: the log tells.
		now, rerr := r.log.Refresh(context.WithoutCancel(ctx))
		if rerr != nil {
			return snap, errors.Join(err, rerr)
		}
		if f, live := now.Form(snap.ID); !live || f != form {
			if errors.Is(err, log.ErrSwept) {
				// No entry names this form, nor ever will: the next try makes another.
				_ = r.store.Remove(ctx, store.Name{Type: store.Snapshot, Name: form.String()})
			}
			return snap, err
		}
		state = now
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(state)
	return snap, r.syncIndex(ctx)
}

// putSnapshot stores a form and returns its name.
func (r *Repo) putSnapshot(ctx context.Context, snap Snapshot) (Name, error) {
	plain, err := encodeSnapshot(snap)
	if err != nil {
		return Name{}, err
	}
	obj, err := r.ring.SealSnapshot(plain)
	if err != nil {
		return Name{}, err
	}
	return r.putNamed(ctx, store.Snapshot, obj)
}

// putNamed stores an object under the hash of its bytes.
func (r *Repo) putNamed(ctx context.Context, t store.Type, obj []byte) (Name, error) {
	if r.same != nil {
		obj = r.same(t, obj)
	}
	n := Name(seal.ObjectName(obj))
	_, err := r.store.Put(ctx, store.Name{Type: t, Name: n.String()}, obj)
	return n, err
}
