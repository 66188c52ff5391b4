package fusefs

import (
	"context"

	"github.com/hanwen/go-fuse/v2/fuse"

	"ivyvault/repo/tree"
)

// A position in a directory is, for the kernel, 0 before ".", 1 before "..",
// and 2 more than the place of the entry that comes next. It needs no open
// directory and means the same at any time.
const dots = 2

// longestName is what the kernel takes in a listing; one longer name would
// make it refuse all of them.
const longestName = 1024

// ReadDirPlus lists entries with their attributes, which stand beside them.
func (m *mount) ReadDirPlus(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return m.readDir(cancel, in, out, true)
}

// ReadDir lists names only.
func (m *mount) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return m.readDir(cancel, in, out, false)
}

func (m *mount) readDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList, plus bool) fuse.Status {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	number, _, _ := splitID(in.NodeId)
	d := m.dirs.get(number)
	if d == nil {
		return m.errno(errGone, in.NodeId)
	}
	add := func(e fuse.DirEntry) *fuse.EntryOut {
		if plus {
			return out.AddDirLookupEntry(e)
		}
		if !out.AddDirEntry(e) {
			return nil
		}
		return &fuse.EntryOut{}
	}
	for i := in.Offset; i < dots; i++ {
		e := fuse.DirEntry{Mode: fuse.S_IFDIR, Name: ".."[:i+1], Ino: d.ino, Off: i + 1}
		if i == 1 && d.parent != nil {
			e.Ino = d.parent.ino
		}
		if add(e) == nil {
			return fuse.OK
		}
	}
	pos := max(in.Offset, dots) - dots
	var err error
	if d.folder != nil {
		m.catalog.fresh(ctx, m.ctx)
		err = d.folder.list(ctx, pos, func(e entry, next uint64) bool {
			mode := uint32(fuse.S_IFDIR)
			switch {
			case e.node != nil:
				mode = typeBits[e.node.Type]
			case !e.isDir():
				mode = fuse.S_IFLNK
			}
			o := add(fuse.DirEntry{Mode: mode, Name: e.name, Ino: e.ino, Off: next + dots})
			if o == nil {
				return false
			}
			if plus && e.atHand() {
				_ = m.enterEntry(ctx, d, &e, o) // the entry was told, an error will show when it is used
			}
			return true
		})
	} else if !d.top.IsZero() {
		err = m.listNodes(ctx, d, pos, plus, add)
	}
	if err != nil && len(out.Bytes()) > 0 {
		return fuse.OK // the error comes again when the listing goes on here
	}
	return m.errno(err, in.NodeId)
}

// listNodes lists the entries of a snapshot's directory from position pos on.
func (m *mount) listNodes(ctx context.Context, d *dir, pos uint64, plus bool, add func(fuse.DirEntry) *fuse.EntryOut) error {
	var n tree.Node
	for {
		page, first, err := m.tree.Page(ctx, d.top, pos)
		if err != nil || page == nil {
			return err
		}
		for i := int(pos - first); i < page.Len(); i++ {
			page.Decode(i, &n)
			if pos++; len(n.Name) > longestName {
				continue
			}
			ino := inoOfNode(d, pos-1, &n)
			out := add(fuse.DirEntry{Mode: typeBits[n.Type], Name: n.Name, Ino: ino, Off: pos + dots})
			if out == nil {
				return nil
			}
			if !plus {
				continue
			}
			if err := m.enterNode(d, pos-1, &n, out); err != nil {
				return err
			}
		}
	}
}
