package history

import (
	"context"
	"errors"

	"ivyvault/repo"
	"ivyvault/repo/versions"
)

// Update gives t the snapshots that r has, as of its last Refresh, and, where
// the table lacks many of them, folds by by, see Fold, and lets t use the new
// table. Where by is nil the table stays as it is.
//
// t answers all the while, more slowly until the fold has ended: a mount calls
// Update beside its work whenever the list of snapshots changed. That another
// process is folding already is no error.
func Update(ctx context.Context, r *repo.Repo, t *versions.Tabled, by versions.Folder) error {
	list, _, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return err
	}
	t.Set(Of(list))
	if by == nil || !t.ShouldFold() {
		return nil
	}
	if _, err := Fold(ctx, r, by); err != nil && !errors.Is(err, versions.ErrFolding) {
		return err
	}
	t.Reload()
	return nil
}
