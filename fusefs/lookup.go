package fusefs

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"ivyvault/repo/tree"
)

// errTooMany is for what node ids can't tell: an entry beyond the first
// billion of a directory.
const errTooMany = syscall.EOVERFLOW

// Lookup finds a name in a directory. That a snapshot does not have a name is
// told for ever too.
func (m *mount) Lookup(cancel <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	err := m.lookup(ctx, in.NodeId, name, out)
	if errors.Is(err, fs.ErrNotExist) {
		valid := soon
		if number, _, _ := splitID(in.NodeId); m.immutable(number) {
			valid = forever
		}
		*out = fuse.EntryOut{}
		out.SetEntryTimeout(valid)
		return fuse.OK // with node id 0: known not to be there
	}
	return m.errno(err, in.NodeId)
}

func (m *mount) immutable(number uint64) bool {
	d := m.dirs.get(number)
	return d != nil && d.folder == nil
}

func (m *mount) lookup(ctx context.Context, id uint64, name string, out *fuse.EntryOut) error {
	number, _, _ := splitID(id)
	d := m.dirs.get(number)
	if d == nil {
		return errGone
	}
	if d.folder != nil {
		m.catalog.fresh(ctx, m.ctx)
		e, err := d.folder.find(ctx, name)
		if err != nil {
			return err
		}
		return m.enterEntry(ctx, d, &e, out)
	}
	if d.top.IsZero() {
		return notThere(name)
	}
	pos, page, err := m.tree.Seek(ctx, d.top, name)
	if err != nil {
		return err
	}
	i, ok := page.FindString(name)
	if !ok {
		return notThere(name)
	}
	var n tree.Node
	page.Decode(i, &n)
	if err := m.enterNode(d, pos, &n, out); err != nil {
		return err
	}
	if lazyBlocks(&n) {
		m.setBlocks(ctx, &out.Attr, &n)
		out.SetAttrTimeout(forever)
	}
	return nil
}

// enterNode tells the kernel of an entry of a snapshot's directory. The
// attributes of long files are not told to be valid, since their blocks are
// not known yet.
func (m *mount) enterNode(d *dir, place uint64, n *tree.Node, out *fuse.EntryOut) error {
	if place > maxPlace {
		return errTooMany
	}
	ino := inoOfNode(d, place, n)
	m.setAttr(&out.Attr, n, ino)
	out.SetEntryTimeout(forever)
	if !lazyBlocks(n) {
		out.SetAttrTimeout(forever)
	}
	if n.Type != tree.Dir {
		out.NodeId = fileID(d.number, place)
		return nil
	}
	e := m.dirs.enter(d, place, func(e *dir) { e.top, e.view, e.ino = n.Tree, d.view, ino })
	if e == nil {
		return errTooMany
	}
	out.NodeId = dirID(e.number)
	return nil
}

// enterEntry tells the kernel of an entry of a folder.
func (m *mount) enterEntry(ctx context.Context, d *dir, e *entry, out *fuse.EntryOut) error {
	fill := func(x *dir) { x.folder, x.ino = e.folder, e.ino }
	if e.view != nil {
		top, err := e.view.top(ctx, m.tree)
		if err != nil {
			return err
		}
		fill = func(x *dir) { x.top, x.view, x.ino = top, e.view, e.ino }
	}
	if e.place > maxPlace {
		return errTooMany
	}
	m.setEntryAttr(ctx, &out.Attr, d.folder, e)
	out.SetEntryTimeout(soon)
	out.SetAttrTimeout(soon)
	if e.folder == nil && e.view == nil {
		out.NodeId = fileID(d.number, e.place)
		return nil
	}
	x := m.dirs.enter(d, e.place, fill)
	if x == nil {
		return errTooMany
	}
	out.NodeId = dirID(x.number)
	return nil
}

// setEntryAttr fills a for an entry of the folder f.
func (m *mount) setEntryAttr(ctx context.Context, a *fuse.Attr, f folder, e *entry) {
	switch {
	case e.view != nil:
		m.setFolderAttr(a, e.ino, e.view.time)
	case e.folder != nil:
		m.setFolderAttr(a, e.ino, e.folder.changed())
	case e.node != nil:
		m.setAttr(a, e.node, e.ino)
		m.setBlocks(ctx, a, e.node)
		a.Nlink = 1 // the others of its names are not in this folder
	default:
		m.setLinkAttr(a, e.ino, e.target, f.changed())
	}
}

// GetAttr is asked when what was told has run out.
func (m *mount) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	return m.errno(m.getAttr(ctx, in.NodeId, out), in.NodeId)
}

func (m *mount) getAttr(ctx context.Context, id uint64, out *fuse.AttrOut) error {
	number, place, isDir := splitID(id)
	d := m.dirs.get(number)
	if d == nil {
		return errGone
	}
	switch {
	case isDir && d.folder != nil:
		m.catalog.fresh(ctx, m.ctx)
		m.setFolderAttr(&out.Attr, d.ino, d.folder.changed())
		out.SetTimeout(soon)
		return nil
	case isDir && d.parent.folder != nil: // the root of a snapshot
		m.setFolderAttr(&out.Attr, d.ino, d.view.time)
		out.SetTimeout(forever)
		return nil
	case !isDir && d.folder != nil:
		e, err := d.folder.at(ctx, place)
		if err != nil {
			return err
		}
		m.setEntryAttr(ctx, &out.Attr, d.folder, &e)
		out.SetTimeout(soon)
		return nil
	case isDir:
		d, place = d.parent, d.place
	}
	n, err := m.nodeAt(ctx, d, place)
	if err != nil {
		return err
	}
	m.setAttr(&out.Attr, &n, inoOfNode(d, place, &n))
	m.setBlocks(ctx, &out.Attr, &n)
	out.SetTimeout(forever)
	return nil
}

// nodeAt returns the entry at a place of a snapshot's directory. It shares the
// memory of its page.
func (m *mount) nodeAt(ctx context.Context, d *dir, place uint64) (n tree.Node, err error) {
	page, first, err := m.tree.Page(ctx, d.top, place)
	if err != nil {
		return n, err
	}
	if page == nil {
		return n, notThere("")
	}
	page.Decode(int(place-first), &n)
	return n, nil
}

// node returns the node that id stands for; nil where it stands for something
// of the mount itself that has none.
func (m *mount) node(ctx context.Context, id uint64) (*tree.Node, error) {
	number, place, isDir := splitID(id)
	d := m.dirs.get(number)
	if d == nil {
		return nil, errGone
	}
	if isDir {
		if d.folder != nil || d.parent.folder != nil {
			return nil, nil
		}
		d, place = d.parent, d.place
	}
	if d.folder != nil {
		e, err := d.folder.at(ctx, place)
		return e.node, err
	}
	n, err := m.nodeAt(ctx, d, place)
	return &n, err
}

// Readlink returns where a symbolic link points.
func (m *mount) Readlink(cancel <-chan struct{}, in *fuse.InHeader) ([]byte, fuse.Status) {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	number, place, isDir := splitID(in.NodeId)
	d := m.dirs.get(number)
	switch {
	case d == nil:
		return nil, m.errno(errGone, in.NodeId)
	case isDir:
		return nil, fuse.EINVAL
	case d.folder != nil:
		e, err := d.folder.at(ctx, place)
		if err == nil && e.node != nil {
			return []byte(e.node.Target), fuse.OK
		}
		return []byte(e.target), m.errno(err, in.NodeId)
	}
	n, err := m.nodeAt(ctx, d, place)
	return []byte(n.Target), m.errno(err, in.NodeId)
}
