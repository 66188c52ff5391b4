package tree

import (
	"bytes"
	"unsafe"

	"ivyvault/chunk"
)

// scanEntry checks one entry and returns its name. used counts the references
// that entries have used so far: they must stand in the order of first use.
func (p *Page) scanEntry(s *scan, first bool, used *int) []byte {
	name := s.bytes()
	if f := nameFault(name); f != "" {
		s.fail(f)
	}
	typ, flags := Type(s.u8()), s.u8()
	if typ < File || typ > Socket {
		s.fail("an entry of an unknown type")
	}
	if flags&^flagsKnown != 0 {
		s.fail("unknown flags")
	}
	s.small(modeBits, "mode bits beyond 07777")
	s.small(1<<32-1, "a user id beyond 32 bits")
	s.small(1<<32-1, "a group id beyond 32 bits")
	sec, nsec := s.sv(), s.small(nanos-1, "nanoseconds beyond a second")
	if first && sec != 0 {
		s.fail("a base time that is not the first entry's")
	}
	if flags&flagSameCTime == 0 {
		csec, cnsec := s.sv(), s.small(nanos-1, "nanoseconds beyond a second")
		if csec == sec && cnsec == nsec {
			s.fail("a change time that need not be there")
		}
	}
	if s.sv() != 0 && first {
		s.fail("a base inode that is not the first entry's")
	}
	if flags&flagLinks != 0 {
		if s.uv() < 2 {
			s.fail("a link count that need not be there")
		}
		s.uv()
	}
	if flags&flagDevice != 0 && (s.uv() == 0 || typ != CharDevice && typ != BlockDevice) {
		s.fail("a device number that need not be there")
	}
	switch typ {
	case File:
		p.scanContent(s, s.uv(), used)
	case Symlink:
		if len(s.bytes()) == 0 {
			s.fail("an empty link target")
		}
	case Dir:
		r := p.scanRef(s, used)
		if f := refFault(r, chunk.Page); f != "" {
			s.fail(f)
		}
		s.uv()
		s.uv()
	}
	if flags&flagXattrs != 0 {
		scanXattrs(s)
	}
	if flags&flagStamp != 0 && len(s.bytes()) == 0 {
		s.fail("an empty stamp")
	}
	return name
}

func scanXattrs(s *scan) {
	n := s.count(2)
	if n == 0 {
		s.fail("no extended attributes where some were announced")
	}
	var last []byte
	for range n {
		name := s.bytes()
		if bytes.Compare(last, name) >= 0 { // refuses an empty first name too
			s.fail("extended attributes out of order")
			return
		}
		last = name
		s.bytes()
	}
}

func (p *Page) scanRef(s *scan, used *int) chunk.Ref {
	i := s.uv()
	if i > uint64(*used) || i >= uint64(p.refs) {
		s.fail("a reference out of order")
	}
	if s.how != "" {
		return chunk.Ref{}
	}
	if i == uint64(*used) {
		*used++
	}
	// The id is not copied: only kind and length are looked at.
	r := scan{b: p.b, pos: int(p.offs[i])}
	return chunk.Ref{Kind: chunk.Kind(r.u8()), Size: uint32(r.uv())}
}

func (p *Page) scanContent(s *scan, size uint64, used *int) {
	c := Content{Form: Form(s.u8())}
	switch c.Form {
	case Inline:
		c.Inline = s.bytes()
	case Slice:
		c.Ref = p.scanRef(s, used)
		c.Offset = uint32(s.small(chunk.MaxSize, "a slice out of bounds"))
		s.take(32)
	case Chunked, Listed:
		c.Ref = p.scanRef(s, used)
	}
	if f := contentFault(&c, size); f != "" {
		s.fail(f)
	}
}

// alias gives a string that shares b's memory; pages never change.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Node returns a copy of entry i of a leaf, that shares no memory with it.
func (p *Page) Node(i int) Node {
	var n Node
	p.Decode(i, &n)
	return n.Clone()
}

// Decode sets n to entry i of a leaf. Name, Target, Xattrs, Stamp and inline
// content share the page's memory: they must not be changed, and keep the page
// alive; where that matters, Clone. The capacity of n.Xattrs is used again, so
// a node that was decoded before and is still needed must not be passed.
func (p *Page) Decode(i int, n *Node) {
	s := scan{b: p.b, pos: int(p.offs[p.refs+i])}
	*n = Node{Name: alias(s.bytes()), Xattrs: n.Xattrs[:0]}
	n.Type = Type(s.u8())
	flags := s.u8()
	n.Mode, n.UID, n.GID = uint32(s.uv()), uint32(s.uv()), uint32(s.uv())
	n.MTime.Sec = s.sv() + p.base
	n.MTime.Nsec = uint32(s.uv())
	if n.CTime = n.MTime; flags&flagSameCTime == 0 {
		n.CTime.Sec = s.sv() + p.base
		n.CTime.Nsec = uint32(s.uv())
	}
	n.Inode = uint64(s.sv()) + p.inode
	n.Links = 1
	if flags&flagLinks != 0 {
		n.Links, n.Device = s.uv(), s.uv()
	}
	if flags&flagDevice != 0 {
		n.Rdev = s.uv()
	}
	switch n.Type {
	case File:
		n.Size = s.uv()
		p.decodeContent(&s, &n.Content)
	case Symlink:
		n.Target = alias(s.bytes())
	case Dir:
		n.Tree = p.ref(int(s.uv()))
		n.Files, n.Bytes = s.uv(), s.uv()
	}
	if flags&flagXattrs != 0 {
		for range s.uv() {
			n.Xattrs = append(n.Xattrs, Xattr{Name: alias(s.bytes()), Value: s.bytes()})
		}
	}
	if flags&flagStamp != 0 {
		n.Stamp = s.bytes()
	}
}

func (p *Page) decodeContent(s *scan, c *Content) {
	switch c.Form = Form(s.u8()); c.Form {
	case Inline:
		c.Inline = s.bytes()
	case Slice:
		c.Ref = p.ref(int(s.uv()))
		c.Offset = uint32(s.uv())
		copy(c.Hash[:], s.take(32))
	case Chunked, Listed:
		c.Ref = p.ref(int(s.uv()))
	}
}

// DecodeNodes decodes a whole leaf strictly: what it accepts is exactly what
// EncodeLeaf gives for the same nodes. The nodes share b's memory.
func DecodeNodes(b []byte) ([]Node, error) {
	p, err := ParsePage(b)
	if err != nil {
		return nil, err
	}
	if p.level != 0 {
		return nil, &chunk.DamageError{What: "directory page", How: "it is a table where entries were expected"}
	}
	seen := make(map[chunk.Ref]struct{}, p.refs)
	for i := range p.refs {
		seen[p.ref(i)] = struct{}{}
	}
	if len(seen) != p.refs {
		return nil, &chunk.DamageError{What: "directory page", How: "a reference stands twice"}
	}
	nodes := make([]Node, p.Len())
	for i := range nodes {
		p.Decode(i, &nodes[i])
	}
	return nodes, nil
}
