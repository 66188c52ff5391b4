package fusefs

import (
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// GetXAttr returns the value of an extended attribute.
func (m *mount) GetXAttr(cancel <-chan struct{}, in *fuse.InHeader, name string, dest []byte) (uint32, fuse.Status) {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	n, err := m.node(ctx, in.NodeId)
	if err != nil {
		return 0, m.errno(err, in.NodeId)
	}
	if n != nil {
		for i := range n.Xattrs {
			if n.Xattrs[i].Name == name {
				return give(dest, n.Xattrs[i].Value)
			}
		}
	}
	return 0, fuse.Status(syscall.ENODATA)
}

// ListXAttr returns the names of all extended attributes, each with a zero
// byte after it.
func (m *mount) ListXAttr(cancel <-chan struct{}, in *fuse.InHeader, dest []byte) (uint32, fuse.Status) {
	ctx := m.begin(cancel, in.Pid)
	defer ctx.finish()
	n, err := m.node(ctx, in.NodeId)
	if err != nil {
		return 0, m.errno(err, in.NodeId)
	}
	var names []byte
	if n != nil {
		for i := range n.Xattrs {
			names = append(append(names, n.Xattrs[i].Name...), 0)
		}
	}
	return give(dest, names)
}

func give(dest, value []byte) (uint32, fuse.Status) {
	if len(dest) < len(value) {
		return uint32(len(value)), fuse.ERANGE
	}
	return uint32(copy(dest, value)), fuse.OK
}
