package repo

import (
	"context"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// PutAs stores p under a name that is not its own: what somebody can do who
// holds a backup key and knows how ids are made.
func (w *Writer) PutAs(ctx context.Context, ref chunk.Ref, p []byte) error {
	_, hashes := w.r.keys.Name(ref.Kind, p, nil)
	var s scratch
	return w.add(ctx, ref, w.r.codec.Frames(&s.frames, p, hashes))
}

// Reopen opens the repository that r opened once more, over another store that
// holds a copy of it, and spares the key derivation.
func (r *Repo) Reopen(ctx context.Context, st store.Store, opt Options) (*Repo, error) {
	obj, err := st.Get(ctx, store.Name{Type: store.Config}, 0, -1)
	if err != nil {
		return nil, err
	}
	config := r.config
	config.PackSize = 64 << 10 // buffers as small as the worlds of the model
	return assemble(ctx, st, config, seal.ObjectName(obj), r.ring, opt)
}

// Derived is Reopen under a new key of the role.
func (r *Repo) Derived(ctx context.Context, st store.Store, role seal.Role, opt Options) (*Repo, error) {
	ring, err := r.ring.Derive(role)
	if err != nil {
		return nil, err
	}
	config, err := st.Get(ctx, store.Name{Type: store.Config}, 0, -1)
	if err != nil {
		return nil, err
	}
	return assemble(ctx, st, r.config, seal.ObjectName(config), ring, opt)
}

// Repeat makes a write end no index file by the clock: after each pack where
// often is set, else only at its end. same is called for each object that is
// about to be stored, see Repo.
func (r *Repo) Repeat(often bool, same func(store.Type, []byte) []byte) {
	r.every, r.same = 1<<62, same
	if often {
		r.every = 0
	}
}
