package repo

import (
	"context"

	"ivyvault/chunk"
	"ivyvault/index"
)

// Locate returns all places where a chunk of the kind is said to be, for
// people who want to see what is stored.
func (r *Repo) Locate(ctx context.Context, kind chunk.Kind, id chunk.ID) ([]index.Location, error) {
	if err := r.LoadIndex(ctx); err != nil {
		return nil, err
	}
	return r.ix().All(id, kind, nil), nil
}
