package repo

import (
	"context"

	"ivyvault/chunk"
)

// PutAs stores p under a name that is not its own: what somebody can do who
// holds a backup key and knows how ids are made.
func (w *Writer) PutAs(ctx context.Context, ref chunk.Ref, p []byte) error {
	_, hashes := w.r.keys.Name(ref.Kind, p, nil)
	var s scratch
	return w.add(ctx, ref, w.r.codec.Frames(&s.frames, p, hashes))
}
