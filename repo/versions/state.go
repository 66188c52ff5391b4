package versions

import (
	"encoding/binary"

	"ivyvault/chunk"
	table "ivyvault/index/versions"
	"ivyvault/repo/tree"
)

// fingerprint turns what makes a version (see content) into a state of the
// table: the type and the form of the content as its kind, half of the keyed
// hash of the bytes as its id. hash is the keyed hash of contents, so that the
// table tells nobody what short contents it saw.
type fingerprint func([]byte) chunk.ID

const dirKind = uint8(tree.Dir)

func (hash fingerprint) state(n *tree.Node) table.State {
	s := table.State{Kind: uint8(n.Type)}
	switch n.Type {
	case tree.Dir:
		return s // as a version, a directory is like any other
	case tree.Symlink:
		id := hash([]byte(n.Target))
		copy(s.ID[:], id[:])
		return s
	case tree.CharDevice, tree.BlockDevice:
		binary.BigEndian.PutUint64(s.ID[:], n.Rdev)
		return s
	}
	s.Kind |= uint8(n.Content.Form) << 3
	var id chunk.ID
	switch n.Content.Form {
	case tree.Inline:
		id = hash(n.Content.Inline)
	case tree.Slice:
		id = n.Content.Hash
	case tree.Chunked, tree.Listed:
		id = n.Content.Ref.ID
	}
	copy(s.ID[:], id[:])
	size := binary.BigEndian.Uint64(s.ID[8:]) ^ n.Size
	binary.BigEndian.PutUint64(s.ID[8:], size)
	return s
}

// sameVersion reports whether two entries are the same version without hashing.
func sameVersion(a, b *tree.Node) bool {
	if a.Type != b.Type {
		return false
	}
	switch a.Type {
	case tree.Dir:
		return true
	case tree.File:
		return a.SameBytes(b)
	}
	return a.Target == b.Target && a.Rdev == b.Rdev
}
