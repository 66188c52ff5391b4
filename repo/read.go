package repo

import (
	"context"
	"errors"
	"fmt"

	"ivyvault/chunk"
	"ivyvault/index"
	"ivyvault/repo/store"
)

var (
	_ chunk.Getter   = (*Repo)(nil)
	_ chunk.Appender = (*Repo)(nil)
)

// wrapWhat puts the name of the stored thing before an error.
func wrapWhat(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }

// Get reads a whole chunk, verified frame by frame. It tries every live copy
// before it gives up. Under a backup key it fails with ErrNeedsFull.
func (r *Repo) Get(ctx context.Context, ref chunk.Ref) ([]byte, error) {
	return r.GetRange(ctx, ref, 0, int(ref.Size))
}

// GetRange reads n bytes of a chunk from off; only the frames that hold them
// are read, decoded and verified.
func (r *Repo) GetRange(ctx context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	return r.getRange(ctx, nil, ref, off, n)
}

// AppendRange implements chunk.Appender. The room that decoders use behind a
// frame counts: a little more than the frames that hold the range is best.
func (r *Repo) AppendRange(ctx context.Context, dst []byte, ref chunk.Ref, off, n int) ([]byte, error) {
	p, err := r.getRange(ctx, dst, ref, off, n)
	if err != nil || n == 0 {
		return dst, err
	}
	if cap(dst)-len(dst) >= n && &dst[:len(dst)+1][len(dst)] == &p[0] {
		return dst[:len(dst)+n], nil
	}
	return append(dst, p...), nil
}

// getRange returns the bytes in memory behind dst where there is room for the
// frames that hold them.
func (r *Repo) getRange(ctx context.Context, dst []byte, ref chunk.Ref, off, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > int(ref.Size)-n {
		return nil, fmt.Errorf("%s: bytes %d to %d are outside of its %d", ref, off, off+n, ref.Size)
	}
	if n == 0 {
		return nil, nil
	}
	if !r.ring.CanRead() {
		return nil, fmt.Errorf("%s: %w", ref, &roleError{"read what is stored"})
	}
	if err := r.LoadIndex(ctx); err != nil {
		return nil, err
	}
	head := r.State().Head()
	p, err := r.getFrom(ctx, r.ix(), dst, ref, off, n)
	if err == nil || ctx.Err() != nil || !mayBeStale(err) {
		return p, err
	}
	// A pack that is gone, or a chunk that nobody knows, may only mean that a
	// prune or another backup went on meanwhile: the log tells.
	changed, rerr := r.RefreshSince(ctx, head)
	if rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	if changed {
		p, err = r.getFrom(ctx, r.ix(), dst, ref, off, n)
	}
	if errors.Is(err, store.ErrNotExist) {
		err = &chunk.DamageError{What: ref.String(), How: "the log says that it exists, but the pack that holds it is gone", Err: err}
	}
	return p, err
}

// mayBeStale reports whether an error may come from an old view of the log.
func mayBeStale(err error) bool {
	return errors.Is(err, chunk.ErrNotFound) || errors.Is(err, store.ErrNotExist)
}

func (r *Repo) getFrom(ctx context.Context, ix *index.Table, dst []byte, ref chunk.Ref, off, n int) ([]byte, error) {
	var failed error
	for _, loc := range ix.All(ref.ID, ref.Kind, nil) {
		p, err := r.readAt(ctx, loc, dst, ref, off, n)
		if err == nil {
			return p, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		failed = fmt.Errorf("%s: %w", ref, chunk.ErrNotFound)
	}
	return nil, failed
}

// readAt reads from one copy.
func (r *Repo) readAt(ctx context.Context, loc index.Location, dst []byte, ref chunk.Ref, off, n int) ([]byte, error) {
	name := Name(loc.Pack)
	what := "pack " + name.String()
	if loc.Size != ref.Size {
		return nil, &chunk.DamageError{What: ref.String(), How: fmt.Sprintf("asked for with %d bytes, stored with %d", ref.Size, loc.Size)}
	}
	p, err := r.openPack(ctx, name, loc.PackSize)
	if err != nil {
		return nil, err
	}
	i := int(loc.Ordinal)
	if i >= p.table.Len() || p.table.Entry(i).Ref != ref {
		return nil, &chunk.DamageError{What: what, How: "its table and the index disagree about " + ref.String()}
	}
	a, b := off/chunk.FrameSize, chunk.Frames(off+n)
	from, size := p.table.Range(i, a, b)
	stored, err := r.store.Get(ctx, packName(name), from, size)
	if err != nil {
		return nil, err
	}
	if int64(len(stored)) != size {
		return nil, &chunk.DamageError{What: what, How: "it is cut short"}
	}
	if again, ok := store.Ability[store.Reuser](r.store); ok {
		defer again.Reuse(stored) // nothing of it is kept
	}
	plain, err := p.table.OpenFrames(dst, stored, p.aead, i, a, b, r.codec, r.keys)
	if err != nil {
		return nil, wrapWhat(what, err)
	}
	lo := len(dst) + off - a*chunk.FrameSize
	return plain[lo : lo+n : lo+n], nil
}

// LoadIndex makes sure that all live index files have been read. It is called
// by all that need it; calling it early only moves the cost.
func (r *Repo) LoadIndex(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.syncIndex(ctx)
}
