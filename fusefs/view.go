package fusefs

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// view is a snapshot's tree at one place of the mount.
type view struct {
	root chunk.Ref
	sub  string // the directory of the snapshot that is shown; "" for all
	time time.Time
	ino  uint64

	mu    sync.Mutex
	found bool
	ref   chunk.Ref
}

// top returns the directory that the view shows, a zero Ref where the snapshot
// does not have it: then the view is empty.
func (v *view) top(ctx context.Context, r *tree.Reader) (chunk.Ref, error) {
	if v.sub == "" {
		return v.root, nil
	}
	v.mu.Lock()
	ref, found := v.ref, v.found
	v.mu.Unlock()
	if found {
		return ref, nil
	}
	n, err := r.Resolve(ctx, v.root, v.sub)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return chunk.Ref{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ref, v.found = n.Tree, true
	return v.ref, nil
}
