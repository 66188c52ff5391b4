package fusefs

import (
	"context"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"ivyvault/repo/tree"
)

// forever is how long the kernel may keep what never changes. It asks again
// some time, so that a mount that runs for months does not fill its caches
// with what nobody uses.
const forever = 24 * time.Hour

// soon is how long the kernel may keep what the list of snapshots decides.
const soon = time.Second

var typeBits = [...]uint32{
	tree.File:        unix.S_IFREG,
	tree.Dir:         unix.S_IFDIR,
	tree.Symlink:     unix.S_IFLNK,
	tree.Fifo:        unix.S_IFIFO,
	tree.CharDevice:  unix.S_IFCHR,
	tree.BlockDevice: unix.S_IFBLK,
	tree.Socket:      unix.S_IFSOCK,
}

// setAttr fills a with what is known of n without reading anything else.
func (m *mount) setAttr(a *fuse.Attr, n *tree.Node, ino uint64) {
	*a = fuse.Attr{
		Ino:       ino,
		Mode:      typeBits[n.Type] | n.Mode,
		Nlink:     uint32(min(max(n.Links, 1), 1<<32-1)),
		Owner:     fuse.Owner{Uid: n.UID, Gid: n.GID},
		Atime:     uint64(n.MTime.Sec),
		Atimensec: n.MTime.Nsec,
		Mtime:     uint64(n.MTime.Sec),
		Mtimensec: n.MTime.Nsec,
		Ctime:     uint64(n.CTime.Sec),
		Ctimensec: n.CTime.Nsec,
		Blksize:   blockSize,
	}
	if m.opts.Owned {
		a.Owner = m.owner
	}
	switch n.Type {
	case tree.File:
		a.Size = n.Size
		a.Blocks = (n.Size + 511) / 512
	case tree.Symlink:
		a.Size = uint64(len(n.Target))
	case tree.CharDevice, tree.BlockDevice:
		major, minor := unix.Major(n.Rdev), unix.Minor(n.Rdev)
		a.Rdev = minor&0xff | major<<8 | minor&^0xff<<12
	}
}

// blockSize is what programs take as a good size of a read.
const blockSize = 128 << 10

// lazyBlocks reports whether the blocks of n are not known from n alone: a
// long file may have holes, which its content list tells.
func lazyBlocks(n *tree.Node) bool { return n.Type == tree.File && n.Content.Form == tree.Listed }

// setBlocks sets the blocks of a long file. Where its list can't be read they
// stay what the size says: the file's reader will hear of the damage.
func (m *mount) setBlocks(ctx context.Context, a *fuse.Attr, n *tree.Node) {
	if !lazyBlocks(n) {
		return
	}
	if holes, ok := m.holes.of(ctx, m.tree, n); ok {
		a.Blocks = (n.Size - min(holes, n.Size) + 511) / 512
	}
}

// setFolderAttr fills a for a directory of the mount itself.
func (m *mount) setFolderAttr(a *fuse.Attr, ino uint64, changed time.Time) {
	sec, nsec := uint64(changed.Unix()), uint32(changed.Nanosecond())
	*a = fuse.Attr{
		Ino: ino, Mode: unix.S_IFDIR | 0o555, Nlink: 1, Owner: m.owner, Blksize: blockSize,
		Atime: sec, Mtime: sec, Ctime: sec, Atimensec: nsec, Mtimensec: nsec, Ctimensec: nsec,
	}
}

// setLinkAttr fills a for a symbolic link of the mount itself.
func (m *mount) setLinkAttr(a *fuse.Attr, ino uint64, target string, changed time.Time) {
	m.setFolderAttr(a, ino, changed)
	a.Mode = unix.S_IFLNK | 0o777
	a.Size = uint64(len(target))
}
