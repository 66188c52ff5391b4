package fusefs

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"ivyvault/repo/tree"
)

// Inode numbers are computed from what names an entry for ever: the path of a
// folder, a snapshot's id, the names below it; for a file with several links,
// the snapshot and the file's own device and inode. So they are the same in
// every mount, and the links of one file share one.

func mix(a, b uint64) uint64 {
	v := a ^ b*0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	v ^= v >> 31
	return max(v, 2) // 0 is no inode, 1 is the root's
}

func inoOf(parent uint64, name string) uint64 { return mix(parent, xxhash.Sum64String(name)) }

func inoOfSnapshot(folder uint64, id [32]byte) uint64 {
	return mix(folder, binary.LittleEndian.Uint64(id[:]))
}

// inoOfNode returns the inode number of an entry of d.
func inoOfNode(d *dir, n *tree.Node) uint64 {
	if n.Links > 1 && n.Type != tree.Dir && d.view != nil {
		return mix(mix(d.view.ino, n.Device+1), n.Inode)
	}
	return inoOf(d.ino, n.Name)
}
