package fusefs

import (
	"context"
	"iter"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/versions"
)

// Snapshot is what the mount needs to know of one snapshot.
type Snapshot struct {
	ID         [32]byte
	Time       time.Time
	Host       string
	Tags       []string
	Paths      []string // absolute paths that were saved
	Root       chunk.Ref
	Incomplete bool
	System     string // the name of the system that it was taken of, "" for none
	SystemRoot string // where the system lies in it
}

// Vault tells which snapshots there are. Both methods may be called while the
// other runs.
type Vault interface {
	// Snapshots returns all snapshots as of the last Refresh, in any order.
	Snapshots(ctx context.Context) ([]Snapshot, error)
	// Refresh looks for changes and reports whether there were any. After an
	// error the snapshots stay as they were.
	Refresh(ctx context.Context) (changed bool, err error)
}

// Versions answers for a path what it was over all snapshots, as
// versions.Finder and versions.Tabled do. Paths are relative to the snapshots' roots, slash
// separated, "" for the root. Methods may be called concurrently. After a
// Refresh of the Vault that told of changes they answer accordingly.
type Versions interface {
	// Stat tells whether the path was a file, and whether a directory, in some
	// snapshot. Both false: never there.
	Stat(ctx context.Context, path string) (versions.Child, error)
	// List returns the names below the directory path in ascending order, from
	// the first that is greater than after. After an error it ends.
	List(ctx context.Context, path, after string) iter.Seq2[versions.Child, error]
	// Of returns each distinct version of the file path once, oldest first.
	Of(ctx context.Context, path string) ([]versions.Version, error)
}

var (
	_ Versions = (*versions.Finder)(nil)
	_ Versions = (*versions.Tabled)(nil)
)
