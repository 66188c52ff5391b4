package tree

import (
	"encoding/binary"

	"ivyvault/chunk"
)

// Flags of an entry.
const (
	flagSameCTime = 1 << iota
	flagLinks
	flagXattrs
	flagStamp
	flagDevice
	flagsKnown = 1<<iota - 1
)

// leaf builds one leaf page. It is reused for page after page.
type leaf struct {
	n     int
	body  []byte // the entries
	refs  []byte // the references, encoded
	index map[chunk.Ref]uint64
	base  Time // of the first entry; only the seconds count
	inode uint64
}

func (l *leaf) reset() {
	l.n, l.body, l.refs = 0, l.body[:0], l.refs[:0]
	clear(l.index)
}

func (l *leaf) size() int { return len(l.body) + len(l.refs) }

func (l *leaf) appendRef(b []byte, r chunk.Ref) []byte {
	i, ok := l.index[r]
	if !ok {
		i = uint64(len(l.index))
		if l.index == nil {
			l.index = make(map[chunk.Ref]uint64)
		}
		l.index[r] = i
		l.refs = append(l.refs, byte(r.Kind))
		l.refs = binary.AppendUvarint(l.refs, uint64(r.Size))
		l.refs = append(l.refs, r.ID[:]...)
	}
	return binary.AppendUvarint(b, i)
}

// add appends an entry, whose faults were looked for before.
func (l *leaf) add(n *Node) {
	if l.n == 0 {
		l.base, l.inode = n.MTime, n.Inode
	}
	l.n++
	b := appendBytes(l.body, n.Name)
	b = append(b, byte(n.Type), n.flags())
	b = binary.AppendUvarint(b, uint64(n.Mode))
	b = binary.AppendUvarint(b, uint64(n.UID))
	b = binary.AppendUvarint(b, uint64(n.GID))
	b = appendSigned(b, n.MTime.Sec-l.base.Sec)
	b = binary.AppendUvarint(b, uint64(n.MTime.Nsec))
	if n.CTime != n.MTime {
		b = appendSigned(b, n.CTime.Sec-l.base.Sec)
		b = binary.AppendUvarint(b, uint64(n.CTime.Nsec))
	}
	b = appendSigned(b, int64(n.Inode-l.inode))
	if n.Links > 1 {
		b = binary.AppendUvarint(b, n.Links)
		b = binary.AppendUvarint(b, n.Device)
	}
	if n.Rdev != 0 {
		b = binary.AppendUvarint(b, n.Rdev)
	}
	switch n.Type {
	case File:
		b = binary.AppendUvarint(b, n.Size)
		b = l.appendContent(b, &n.Content)
	case Symlink:
		b = appendBytes(b, n.Target)
	case Dir:
		b = l.appendRef(b, n.Tree)
		b = binary.AppendUvarint(b, n.Files)
		b = binary.AppendUvarint(b, n.Bytes)
	}
	if len(n.Xattrs) > 0 {
		b = binary.AppendUvarint(b, uint64(len(n.Xattrs)))
		for i := range n.Xattrs {
			b = appendBytes(b, n.Xattrs[i].Name)
			b = appendBytes(b, n.Xattrs[i].Value)
		}
	}
	if len(n.Stamp) > 0 {
		b = appendBytes(b, n.Stamp)
	}
	l.body = b
}

func (l *leaf) appendContent(b []byte, c *Content) []byte {
	b = append(b, byte(c.Form))
	switch c.Form {
	case Inline:
		b = appendBytes(b, c.Inline)
	case Slice:
		b = l.appendRef(b, c.Ref)
		b = binary.AppendUvarint(b, uint64(c.Offset))
		b = append(b, c.Hash[:]...)
	case Chunked, Listed:
		b = l.appendRef(b, c.Ref)
	}
	return b
}

// flags says which optional fields follow.
func (n *Node) flags() byte {
	var f byte
	if n.CTime == n.MTime {
		f |= flagSameCTime
	}
	if n.Links > 1 {
		f |= flagLinks
	}
	if len(n.Xattrs) > 0 {
		f |= flagXattrs
	}
	if len(n.Stamp) > 0 {
		f |= flagStamp
	}
	if n.Rdev != 0 {
		f |= flagDevice
	}
	return f
}

// appendPage appends the page's plaintext to b.
func (l *leaf) appendPage(b []byte) []byte {
	b = append(b, 0, 0)
	b = binary.AppendUvarint(b, uint64(l.n))
	if l.n == 0 {
		return append(b, 0, 0, 0)
	}
	b = appendSigned(b, l.base.Sec)
	b = binary.AppendUvarint(b, l.inode)
	b = binary.AppendUvarint(b, uint64(len(l.index)))
	b = append(b, l.refs...)
	return append(b, l.body...)
}

// EncodeLeaf returns the plaintext of one leaf page with the nodes, which must
// be in strictly ascending order of their names.
func EncodeLeaf(nodes []Node) ([]byte, error) {
	var l leaf
	for i := range nodes {
		if f := nodes[i].fault(); f != "" {
			return nil, &NodeError{nodes[i].Name, f}
		}
		if i > 0 && nodes[i-1].Name >= nodes[i].Name {
			return nil, &NodeError{nodes[i].Name, "it is out of order"}
		}
		l.add(&nodes[i])
	}
	return l.appendPage(nil), nil
}

// row is what a table says of a page below it.
type row struct {
	first string
	count uint64
	ref   chunk.Ref
}

func appendRow(b []byte, r *row) []byte {
	b = appendBytes(b, r.first)
	b = binary.AppendUvarint(b, r.count)
	b = binary.AppendUvarint(b, uint64(r.ref.Size))
	return append(b, r.ref.ID[:]...)
}

func appendTable(b []byte, level, n int, body []byte) []byte {
	b = append(b, byte(level), 0)
	b = binary.AppendUvarint(b, uint64(n))
	return append(b, body...)
}
