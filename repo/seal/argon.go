package seal

import (
	"crypto/cipher"
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/crypto/argon2"
)

// Argon is the cost of trying one password against a slot (argon2id).
type Argon struct {
	Passes    uint32 // 1 to 64
	MemoryKiB uint32 // 8 to 4,194,304, and at least 8 for each lane
	Lanes     uint8  // 1 to 64
}

// DefaultArgon returns the cost that new slots get.
func DefaultArgon() Argon { return Argon{Passes: 3, MemoryKiB: 64 << 10, Lanes: 4} }

// check refuses a cost that is outside the format's bounds, before any work.
func (a Argon) check() error {
	switch {
	case a.Passes < 1 || a.Passes > 64:
		return fmt.Errorf("argon2 passes of %d, allowed are 1 to 64", a.Passes)
	case a.MemoryKiB < 8 || a.MemoryKiB > 4<<20:
		return fmt.Errorf("argon2 memory of %d KiB, allowed are 8 to %d", a.MemoryKiB, 4<<20)
	case a.Lanes < 1 || a.Lanes > 64:
		return fmt.Errorf("%d argon2 lanes, allowed are 1 to 64", a.Lanes)
	case a.MemoryKiB < 8*uint32(a.Lanes):
		return fmt.Errorf("argon2 memory of %d KiB, too little for %d lanes", a.MemoryKiB, a.Lanes)
	}
	return nil
}

// cipher derives the key of a slot's sealed part. The work area goes back to
// the system at once: it is most of what a small verb would ever occupy.
func (a Argon) cipher(password []byte, salt [saltSize]byte) (cipher.AEAD, error) {
	a.touch()
	key := argon2.IDKey(password, salt[:], a.Passes, a.MemoryKiB, a.Lanes, 32)
	debug.FreeOSMemory()
	return newGCM(key)
}

// mostTouched bounds what touch may cost where its memory is not used again.
const mostTouched = 128 << 10 // KiB

// touch writes to memory of the size of the work area and gives it back to the
// runtime, which then hands out the same again. Memory that nobody wrote to is
// all one page of zeros: argon2 reads a block before it writes it, so that each
// page would be mapped twice, and the second time all processors that the lanes
// run on be interrupted. That took longer than the derivation itself.
func (a Argon) touch() {
	if a.MemoryKiB > mostTouched {
		return
	}
	area := make([]byte, a.MemoryKiB<<10)
	for i := 0; i < len(area); i += 4 << 10 {
		area[i] = 1
	}
	runtime.GC() // finds that nobody uses it
}
