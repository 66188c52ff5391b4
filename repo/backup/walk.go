package backup

import (
	"context"
	"errors"

	"ivyvault/repo/tree"
	"ivyvault/sources"
)

// maxSmall is the size up to which a content is put into a bundle.
const maxSmall = 256 << 10

// walk takes the entries from the source, compares them with the parent and
// hands them on: all of them in order, those that must be read to the readers.
func (x *run) walk(ctx context.Context, c sources.Capture, p *parent, send *sender) error {
	for e, err := range c.Entries(ctx) {
		if err != nil {
			if stop := x.remark(e.Path, err); stop != nil {
				return stop
			}
			continue
		}
		it := send.next()
		it.entry = e
		if n, ok := x.grafts[e.Path]; ok {
			it.node, it.graft = n, true
			it.node.Name = base(e.Path)
		} else {
			x.compare(it, p)
		}
		if err := send.added(ctx, it); err != nil {
			return err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return send.flush(ctx)
}

// remark passes a source's finding or notice on; another error ends the walk.
func (x *run) remark(path string, err error) error {
	var f *sources.Finding
	var n *sources.Notice
	switch {
	case errors.As(err, &n):
		x.obs.Notice(n.Path, n.What)
	case errors.As(err, &f):
		x.finding(f.Path, err)
	default:
		return &partError{err}
	}
	return nil
}

// compare fills in the node and decides whether the entry has to be read.
func (x *run) compare(it *item, p *parent) {
	e := &it.entry
	old := p.find(e.Path)
	a := &e.Attr
	it.node = tree.Node{
		Name: base(e.Path), Type: tree.Type(a.Type), Mode: a.Mode, UID: a.UID, GID: a.GID,
		MTime: tree.Time(a.MTime), CTime: tree.Time(a.CTime), Inode: a.Inode, Links: a.Links, Device: a.Device,
		Rdev: a.Rdev, Target: e.Target, Stamp: e.Stamp,
	}
	n := &it.node
	if n.Type == tree.File {
		n.Size = a.Size
	}
	if n.Links <= 1 || n.Type == tree.Dir {
		n.Links, n.Device = 0, 0
	}
	same := old != nil && old.Type == n.Type && unchanged(e, old)
	if same {
		// Extended attributes can't change without ctime, unless a stamp decides.
		n.Xattrs = cloneXattrs(old.Xattrs)
	}
	if n.Type != tree.File {
		if !same && e.Item != nil {
			it.read = true
		}
		return
	}
	switch {
	case same && !p.scattered(old) && !x.usage.isThin(&old.Content) && x.live(&old.Content):
		n.Size, n.Content = old.Size, old.Content
		n.Content.Inline = append([]byte(nil), old.Content.Inline...)
		x.walked.FilesUnchanged++
	default:
		if old != nil && old.Type == tree.File {
			x.walked.FilesChanged++
		} else {
			x.walked.FilesNew++
		}
		it.read = true
	}
}

// unchanged reports whether the parent's entry has the same content.
func unchanged(e *sources.Entry, old *tree.Node) bool {
	if e.Stamp != nil || old.Stamp != nil {
		return len(e.Stamp) > 0 && string(e.Stamp) == string(old.Stamp)
	}
	a := &e.Attr
	return a.MTime == sources.Time(old.MTime) && a.CTime == sources.Time(old.CTime) && a.Inode == old.Inode &&
		(old.Type != tree.File || a.Size == old.Size)
}

// live reports whether the parent's content can be referred to again.
func (x *run) live(c *tree.Content) bool {
	switch c.Form {
	case tree.Empty, tree.Inline:
		return true
	}
	return x.reuse == nil || x.reuse(c.Ref)
}

func cloneXattrs(all []tree.Xattr) []tree.Xattr {
	if len(all) == 0 {
		return nil
	}
	out := make([]tree.Xattr, len(all))
	for i, a := range all {
		out[i] = tree.Xattr{Name: a.Name, Value: append([]byte(nil), a.Value...)}
	}
	return out
}

// base is the last part of a path.
func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}
