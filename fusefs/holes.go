package fusefs

import (
	"context"
	"errors"
	"sync"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// holes remembers how many bytes of long files are holes.
type holes struct {
	mu    sync.Mutex
	byRef map[chunk.Ref]uint64
}

const (
	holesKept = 4096    // files remembered
	holesMost = 1 << 16 // extents looked at; a longer file counts as full
)

var errEnough = errors.New("enough")

// of returns the bytes in holes of the long file n; ok is false where they
// can't be told.
func (h *holes) of(ctx context.Context, r *tree.Reader, n *tree.Node) (bytes uint64, ok bool) {
	ref := n.Content.Ref
	h.mu.Lock()
	bytes, ok = h.byRef[ref]
	h.mu.Unlock()
	if ok {
		return bytes, true
	}
	f, err := r.Open(n)
	if err != nil {
		return 0, false
	}
	count := 0
	err = f.Extents(ctx, 0, func(x tree.Extent) error {
		if count++; count > holesMost {
			return errEnough
		}
		if x.Hole() {
			bytes += x.Size
		}
		return nil
	})
	if err == errEnough {
		bytes = 0
	} else if err != nil {
		return 0, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byRef == nil || len(h.byRef) >= holesKept {
		h.byRef = make(map[chunk.Ref]uint64)
	}
	h.byRef[ref] = bytes
	return bytes, true
}
