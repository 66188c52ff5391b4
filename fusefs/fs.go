package fusefs

import (
	"context"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"ivyvault/chunk"
	"ivyvault/repo/tree"
)

// mount is the file system as the kernel asks for it. What it does not answer
// is refused by the embedded default, which says ENOSYS: the kernel then does
// not ask again. That is how files are opened and closed without a word.
type mount struct {
	fuse.RawFileSystem
	ctx      context.Context // ends with the mount
	opts     Options
	tree     *tree.Reader
	owner    fuse.Owner // of the mounting user
	dirs     *dirTable
	catalog  *catalog
	contents *contents
	holes    holes
	troubles troubles
	zeros    []byte
}

var _ fuse.RawFileSystem = (*mount)(nil)

func newMount(ctx context.Context, v Vault, opts Options, owner fuse.Owner) *mount {
	if opts.RefreshEvery == 0 {
		opts.RefreshEvery = 2 * time.Second
	}
	if opts.ReadAhead == 0 {
		opts.ReadAhead = 4 << 20
	}
	m := &mount{
		RawFileSystem: fuse.NewDefaultRawFileSystem(),
		ctx:           ctx,
		opts:          opts,
		tree:          opts.Tree,
		owner:         owner,
		dirs:          newDirTable(),
		catalog:       newCatalog(v, &opts),
		contents:      newContents(),
		troubles:      troubles{tell: opts.Tell},
		zeros:         make([]byte, chunk.FrameSize),
	}
	m.catalog.told = func(err error) { m.troubles.report(m, err, fuse.FUSE_ROOT_ID) }
	m.dirs.pin(func(d *dir) { d.folder, d.ino = m.catalog.root, inoRoot })
	return m
}

func (m *mount) String() string { return "ivyvault" }

func (m *mount) Init(*fuse.Server) {}

func (m *mount) OnUnmount() {}

// Open is not needed: without it the kernel keeps cached pages from one use of
// a file to the next.
func (m *mount) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status { return fuse.ENOSYS }

// Flush has nothing to do: files are closed without a word too.
func (m *mount) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

// OpenDir is not needed either: without it directories are cached. Those that
// change have times that tell so.
func (m *mount) OpenDir(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status {
	return fuse.ENOSYS
}

// Forget is all that is ever heard of an entry's end. Of files nothing is kept.
func (m *mount) Forget(id, lookups uint64) {
	if number, _, isDir := splitID(id); isDir {
		m.dirs.forget(number, lookups)
	}
}

// StatFs tells of a file system that is full: nothing can be written to it.
func (m *mount) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	*out = fuse.StatfsOut{Bsize: blockSize, Frsize: 4096, NameLen: 255}
	return fuse.OK
}
