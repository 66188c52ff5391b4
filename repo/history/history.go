// Package history answers what a path was over all snapshots of a repository,
// from a table in the repository's cache folder.
//
// Nouns are those of package versions, to which this one gives the snapshots,
// the trees and the folder of a Repo.
package history

import (
	"context"
	"errors"

	"ivyvault/repo"
	"ivyvault/repo/tree"
	"ivyvault/repo/versions"
)

// folder is the table's folder in the cache.
const folder = "versions"

// pageCache bounds the decoded pages that a fold keeps, in bytes: two snapshots
// that are compared share few, and those come soon after each other.
const pageCache = 2 << 20

// Open returns what answers for the snapshots that r has, as of its last
// Refresh. rd reads r's trees; nil makes one. Without a cache folder there is no
// table, and the answers come from the snapshots alone. Under a backup key it
// fails as Repo.Snapshots does. The caller closes it, before r.
//
// A process that runs on calls Update whenever the list of snapshots changes.
func Open(ctx context.Context, r *repo.Repo, rd *tree.Reader) (*versions.Tabled, error) {
	list, _, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return nil, err
	}
	if rd == nil {
		rd = reader(r)
	}
	t := versions.Open(rd, r.Keys().ContentHash, r.CachePath(folder))
	t.Set(Of(list))
	return t, nil
}

func reader(r *repo.Repo) *tree.Reader {
	return tree.NewReader(r, r.Keys().ContentHash, pageCache)
}

// Of says what package versions needs to know of snapshots.
func Of(list []repo.Snapshot) []versions.Snapshot {
	all := make([]versions.Snapshot, 0, len(list))
	for _, s := range list {
		all = append(all, versions.Snapshot{
			ID: s.ID, Time: s.Time, Host: s.Host, Root: s.Root.Ref(), Set: repo.SetID(s.Host, s.Paths),
		})
	}
	return all
}

// ErrNoCache is what Fold fails with where r was opened without a cache.
var ErrNoCache = errors.New("there is no cache folder to keep the table of versions in")

// Fold brings the table to the snapshots that r has, as of its last Refresh.
// by writes the table, best in a process of its own, which a full disk may
// kill (package index/versions/child has one); nil does it here. An error that
// Is versions.ErrFolding says that another process is at it.
func Fold(ctx context.Context, r *repo.Repo, by versions.Folder) (versions.Report, error) {
	dir := r.CachePath(folder)
	if dir == "" {
		return versions.Report{}, ErrNoCache
	}
	list, _, err := r.ReadableSnapshots(ctx)
	if err != nil {
		return versions.Report{}, err
	}
	return versions.Fold(ctx, reader(r), r.Keys().ContentHash, dir, Of(list), by)
}
