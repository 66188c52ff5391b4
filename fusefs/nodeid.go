package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// A node id is a directory's number times 2^placeBits, plus 0 for the
// directory itself or place+1 for the entry at that place of it that is no
// directory. The root has number 0 and, as the kernel wants, the id 1, which
// is free because no file stands in the root.
const (
	placeBits = 30
	maxPlace  = 1<<placeBits - 2
	maxNumber = 1<<(64-placeBits) - 2 // the library keeps the very last id for itself
)

func dirID(number uint64) uint64 {
	if number == 0 {
		return fuse.FUSE_ROOT_ID
	}
	return number << placeBits
}

func fileID(number, place uint64) uint64 { return number<<placeBits | (place + 1) }

// splitID returns the directory's number and whether id is that directory
// itself; else the place.
func splitID(id uint64) (number, place uint64, isDir bool) {
	if id == fuse.FUSE_ROOT_ID {
		return 0, 0, true
	}
	low := id & (1<<placeBits - 1)
	if low == 0 {
		return id >> placeBits, 0, true
	}
	return id >> placeBits, low - 1, false
}
