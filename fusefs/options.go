package fusefs

import (
	"context"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// Chunks is where the contents of long files come from: a chunk.Getter that
// caches, such as a chunk.Cached.
type Chunks interface {
	chunk.Getter
	// Prefetch begins to read a part of a chunk, returns at once, and reports
	// whether the part is there or on its way.
	Prefetch(ref chunk.Ref, off, n int) bool
	// Lend is GetRange for bytes that are given back soon.
	Lend(ctx context.Context, ref chunk.Ref, off, n int) (chunk.Loan, error)
}

var _ Chunks = (*chunk.Cached)(nil)

// Options say what is shown and how. Tree and Chunks must be set.
type Options struct {
	Tree     *tree.Reader // reads directories, over the same chunks
	Chunks   Chunks
	Versions Versions // nil: there is no folder versions

	Keep func(Snapshot) bool // snapshots to show; nil: all
	Path string              // the directory of each snapshot to show; "": all

	// Owned shows everything as owned by the user who mounts.
	Owned bool
	// AllowOther lets other users in, within the permissions of the files.
	// Without it only the mounting user can use the mount, and may read all:
	// who can open the repository can read everything anyway.
	AllowOther bool

	// RefreshEvery is the least time between two questions to the Vault; 0
	// means two seconds.
	RefreshEvery time.Duration
	// ReadAhead is how many bytes before a sequential reader are fetched; 0
	// means 4 MiB, less than 0 none.
	ReadAhead int
	// Name is shown as the device of the mount, "ivyvault" where it is empty.
	Name string
	// Tell hears of what went wrong, once in a while; it may be called
	// concurrently. nil: nobody does.
	Tell func(Trouble)

	byProgram bool // mount by fusermount3 also where root could do without
}
