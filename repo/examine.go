package repo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// Signer returns the public key under which this key signs.
func (r *Repo) Signer() [32]byte { return r.ring.Signer() }

// IndexLenient is Index for who looks for damage: an index file that can't be
// read is told to wrong, once, and its chunks are then missing. As with Index,
// those of one that is gone are missing too.
func (r *Repo) IndexLenient(ctx context.Context, wrong func(Name, error)) (*index.Table, error) {
	ix, err := r.Index(ctx)
	if err == nil || !errors.Is(err, chunk.ErrDamaged) {
		return ix, err
	}
	var mu sync.Mutex
	told := map[Name]bool{}
	r.mu.Lock()
	defer r.mu.Unlock()
	err = r.syncIndexBut(ctx, func(n Name, err error) {
		mu.Lock()
		defer mu.Unlock()
		if !told[n] {
			told[n] = true
			wrong(n, err)
		}
	})
	return r.ix(), err
}

// PutIndexFile stores an index file signed by this key and returns its name.
// Nothing uses it before a log entry names it.
func (r *Repo) PutIndexFile(ctx context.Context, f index.File) (Name, error) {
	return r.putIndexFile(ctx, f)
}

// SnapshotAt reads, verifies and opens one form of a snapshot.
func (r *Repo) SnapshotAt(ctx context.Context, form Name) (Snapshot, error) {
	plain, _, err := r.readSnapshot(ctx, form)
	if err != nil {
		return Snapshot{}, err
	}
	return decodeSnapshot(plain, form)
}

// VerifyForm checks what a key of any role can of a form: that it is there, has
// its name, and that a key of this repository signed it.
func (r *Repo) VerifyForm(ctx context.Context, form Name) error {
	what := "snapshot " + form.Short()
	obj, err := r.store.Get(ctx, store.Name{Type: store.Snapshot, Name: form.String()}, 0, -1)
	if errors.Is(err, store.ErrNotExist) {
		return &chunk.DamageError{What: what, How: "the log says it exists, but it is gone", Err: err}
	}
	if err != nil {
		return err
	}
	if seal.ObjectName(obj) != form {
		return &chunk.DamageError{What: what, How: "its bytes do not have its name"}
	}
	if _, err := r.ring.Verify(obj, seal.KindSnapshot); err != nil {
		return wrapWhat(what, err)
	}
	return nil
}

// WalkLog is log.Walk over this repository's log, from its first entry.
func (r *Repo) WalkLog(ctx context.Context, fn func(n uint64, e *log.Entry, wrong error) error) (*log.State, error) {
	config, err := r.store.Get(ctx, store.Name{Type: store.Config}, 0, -1)
	if err != nil {
		return nil, err
	}
	return log.Walk(ctx, log.Options{Store: r.store, Sealer: r.ring, Config: seal.ObjectName(config), Now: time.Now}, fn)
}

// AppendLog appends an entry as log.Update does: fn is asked for it with the
// newest state, again whenever another writer was faster, and appends nothing
// where it returns nil. The Repo follows.
func (r *Repo) AppendLog(ctx context.Context, fn func(*log.State) (log.Body, error)) (*log.State, error) {
	state, err := r.log.Update(ctx, fn)
	if err != nil {
		return nil, err
	}
	_, err = r.Refresh(ctx)
	return state, err
}

// CheckSlot says what is wrong with a key slot, as far as that can be seen
// without its password.
func (r *Repo) CheckSlot(ctx context.Context, name Name) error {
	obj, err := r.store.Get(ctx, store.Name{Type: store.Key, Name: name.String()}, 0, -1)
	if err != nil {
		return err
	}
	what := "key " + name.Short()
	if seal.ObjectName(obj) != name {
		return &chunk.DamageError{What: what, How: "its bytes do not have its name"}
	}
	if _, err := seal.ParseSlot(obj); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
