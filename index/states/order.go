package states

import (
	"encoding/binary"
	"math/bits"
)

// Compare orders paths as a walk meets them: it returns a number below, equal
// to or above zero. Names in a path are separated by '/', which therefore sorts
// before every other byte: "a" < "a/b" < "a.b".
func Compare(a, b []byte) int {
	n := shared(a, b)
	switch {
	case n == len(a) && n == len(b):
		return 0
	case n == len(a):
		return -1
	case n == len(b):
		return 1
	case a[n] == '/':
		return -1
	case b[n] == '/':
		return 1
	}
	return int(a[n]) - int(b[n])
}

// shared returns the length of the longest common beginning of a and b.
func shared(a, b []byte) int {
	n, i := min(len(a), len(b)), 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for ; i < n; i++ {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
