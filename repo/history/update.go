package history

import (
	"context"
	"errors"

	"ivyvault/repo"
	"ivyvault/repo/versions"
)

// Update gives t the snapshots that r has, as of its last Refresh, and, where
// the table lacks many of them, lets fold make a new one, which t then uses.
// fold runs Fold, best in a process of its own; nil leaves the table as it is.
//
// t answers all the while, more slowly until the fold has ended: a mount calls
// Update beside its work whenever the list of snapshots changed. That another
// process is folding already is no error.
func Update(ctx context.Context, r *repo.Repo, t *versions.Tabled, fold func(context.Context) error) error {
	list, err := r.Snapshots(ctx)
	if err != nil {
		return err
	}
	t.Set(Of(list))
	if fold == nil || !t.ShouldFold() {
		return nil
	}
	if err := fold(ctx); err != nil && !errors.Is(err, versions.ErrFolding) {
		return err
	}
	t.Reload()
	return nil
}
