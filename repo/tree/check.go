package tree

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"ivyvault/chunk"
)

// Limits of nodes.
const (
	MaxName  = 4096       // bytes of a name
	MaxSlice = 256 << 10  // bytes of a file that is kept as a slice
	modeBits = 07777      // permission, set-id and sticky bits
	nanos    = 1000000000 // of a second

	// maxBeside bounds what an entry has beside its content: a page of one
	// entry must stay a chunk. No file system of Linux comes near it.
	maxBeside = 16 << 20
)

// A NodeError says why a node can't be written.
type NodeError struct {
	Name string
	How  string
}

func (e *NodeError) Error() string {
	return fmt.Sprintf("the entry %q can't be stored: %s", e.Name, e.How)
}

// nameFault says what is wrong with a name, or nothing.
func nameFault[T string | []byte](name T) string {
	switch {
	case len(name) == 0:
		return "an empty name"
	case len(name) > MaxName:
		return "a name longer than 4,096 bytes"
	case name[0] == '.' && (len(name) == 1 || len(name) == 2 && name[1] == '.'):
		return "a name that is . or .."
	}
	var bad bool
	switch v := any(name).(type) {
	case string:
		bad = strings.IndexByte(v, 0) >= 0 || strings.IndexByte(v, '/') >= 0
	case []byte:
		bad = bytes.IndexByte(v, 0) >= 0 || bytes.IndexByte(v, '/') >= 0
	}
	if bad {
		return "a name with a slash or a zero byte"
	}
	return ""
}

// contentFault says what is wrong with the content of a file of size bytes.
func contentFault(c *Content, size uint64) string {
	want := chunk.Data
	switch c.Form {
	case Empty:
		if size != 0 {
			return "a size without content"
		}
		return ""
	case Inline:
		if size == 0 || size != uint64(len(c.Inline)) {
			return "a size that differs from its content"
		}
		return ""
	case Slice:
		if size == 0 || size > MaxSlice || uint64(c.Offset)+size > uint64(c.Ref.Size) {
			return "a slice out of bounds"
		}
	case Chunked:
		if size == 0 || size != uint64(c.Ref.Size) {
			return "a size that differs from its chunk's"
		}
	case Listed:
		if size == 0 || size > 1<<63-1 {
			return "a content list with a size out of bounds"
		}
		want = chunk.List
	default:
		return "an unknown form of content"
	}
	return refFault(c.Ref, want)
}

func refFault(r chunk.Ref, want chunk.Kind) string {
	switch {
	case r.Kind != want:
		return "a reference of the wrong kind"
	case r.Size == 0 || r.Size > chunk.MaxSize:
		return "a reference of impossible length"
	}
	return ""
}

// fault says why n can't be written, or nothing.
func (n *Node) fault() string {
	if f := nameFault(n.Name); f != "" {
		return f
	}
	switch {
	case n.Type < File || n.Type > Socket:
		return "an unknown type"
	case n.Mode > modeBits:
		return "mode bits beyond 07777"
	case n.MTime.Nsec >= nanos || n.CTime.Nsec >= nanos:
		return "nanoseconds beyond a second"
	case n.Rdev != 0 && n.Type != CharDevice && n.Type != BlockDevice:
		return "a device number on something else than a device"
	}
	beside := len(n.Target) + len(n.Stamp)
	for i := range n.Xattrs {
		beside += len(n.Xattrs[i].Name) + len(n.Xattrs[i].Value)
		if n.Xattrs[i].Name == "" {
			return "an extended attribute without a name"
		}
		if i > 0 && n.Xattrs[i-1].Name >= n.Xattrs[i].Name {
			return "extended attributes out of order"
		}
	}
	if beside > maxBeside {
		return "extended attributes of more than 16 MiB"
	}
	switch n.Type {
	case File:
		return contentFault(&n.Content, n.Size)
	case Dir:
		return refFault(n.Tree, chunk.Page)
	case Symlink:
		if n.Target == "" {
			return "an empty link target"
		}
	}
	return ""
}

// SmallContent reports whether a file of size bytes should stand inline in its
// node: below the cost of a slice's reference, offset and hash.
func SmallContent(size int) bool { return size > 0 && size <= 64 }

// Clone returns a copy that shares no memory with n: nodes that come out of a
// Page share the page's bytes and keep it from being collected.
func (n *Node) Clone() Node {
	c := *n
	c.Name = strings.Clone(n.Name)
	c.Target = strings.Clone(n.Target)
	c.Stamp = bytes.Clone(n.Stamp)
	c.Content.Inline = bytes.Clone(n.Content.Inline)
	c.Xattrs = slices.Clone(n.Xattrs)
	for i := range c.Xattrs {
		c.Xattrs[i].Name = strings.Clone(c.Xattrs[i].Name)
		c.Xattrs[i].Value = bytes.Clone(c.Xattrs[i].Value)
	}
	return c
}

// Equal reports whether a and b are the same in all that is kept. Two files
// with the same bytes stored at different places are not Equal; see SameBytes.
func (n *Node) Equal(o *Node) bool {
	if n.Name != o.Name || !n.SameMeta(o) {
		return false
	}
	switch n.Type {
	case File:
		return n.Size == o.Size && n.Content.equal(&o.Content)
	case Dir:
		return n.Tree == o.Tree && n.Files == o.Files && n.Bytes == o.Bytes
	}
	return true
}

// SameMeta reports whether a and b agree in type, mode, owners, times, inode,
// links, device numbers, target, extended attributes and stamp.
func (n *Node) SameMeta(o *Node) bool {
	return n.Type == o.Type && n.Mode == o.Mode && n.UID == o.UID && n.GID == o.GID &&
		n.MTime == o.MTime && n.CTime == o.CTime && n.Inode == o.Inode &&
		max(n.Links, 1) == max(o.Links, 1) && (n.Links <= 1 || n.Device == o.Device) &&
		n.Rdev == o.Rdev && (n.Type != Symlink || n.Target == o.Target) && bytes.Equal(n.Stamp, o.Stamp) &&
		slices.EqualFunc(n.Xattrs, o.Xattrs, func(a, b Xattr) bool {
			return a.Name == b.Name && bytes.Equal(a.Value, b.Value)
		})
}

// SameBytes reports whether the contents of two files are known to be equal
// without reading them. False says nothing where the forms differ, or where
// files were cut by different rules.
func (n *Node) SameBytes(o *Node) bool {
	if n.Size != o.Size || n.Content.Form != o.Content.Form {
		return false
	}
	if n.Content.Form == Slice {
		return n.Content.Hash == o.Content.Hash
	}
	return n.Content.equal(&o.Content)
}

func (c *Content) equal(o *Content) bool {
	return c.Form == o.Form && c.Ref == o.Ref && c.Offset == o.Offset && c.Hash == o.Hash && bytes.Equal(c.Inline, o.Inline)
}
