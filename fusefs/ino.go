package fusefs

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"ivyvault/repo/tree"
)

// Inode numbers are computed from what stands for an entry for ever: the path of
// a folder, a snapshot's id, the places in the directories below it, which never
// change; for a file with several links, the snapshot and the file's own device
// and inode. So they are the same in every mount, and the links of one file
// share one.

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

// inoOfNode returns the inode number of the entry n at a place of d. Those of a
// directory rise with the places: programs that go through a large directory in
// the order of its inode numbers, as find does, so meet the entries in the order
// in which they were listed, in which the kernel has them close together.
func inoOfNode(d *dir, place uint64, n *tree.Node) uint64 {
	if n.Links > 1 && n.Type != tree.Dir && d.view != nil {
		return mix(mix(d.view.ino, n.Device+1), n.Inode)
	}
	return mix(d.ino, entriesOf)>>1 + place // half of the numbers, so that none wraps around
}

// entriesOf sets the entries of a directory apart from what else is computed
// from its inode number.
const entriesOf = 0x656e7472696573
