package tree

import (
	"encoding/binary"
	"math/bits"
)

// Cut decides where pages of a directory end. Readers need none of it. The
// secret keeps an observer of page sizes from guessing names; writers of one
// repository share it, since else they would share no pages.
type Cut struct {
	Secret [32]byte
}

// Sizes of directory pages. The mean is about dirLeast + dirSpread entries.
const (
	dirLeast    = 64
	dirSpread   = 256
	dirGreatest = 1024
	dirBytes    = 96 << 10
)

// Sizes of content list pages, in items.
const (
	listLeast    = 128
	listSpread   = 384
	listGreatest = 2048
)

// MaxLevel is the greatest level of a page or list page. A full page at each
// level would stand for more entries than 64 bits count, so a higher level
// can only be damage.
const MaxLevel = 8

// point is the place value of a name: where the pages around it may be cut.
func (c *Cut) point(name string) uint64 {
	return sipHash(binary.LittleEndian.Uint64(c.Secret[0:]), binary.LittleEndian.Uint64(c.Secret[8:]), name)
}

// chosen reports whether the place value v ends a page of the level, which
// happens once in spread values, independently for each level.
func chosen(v uint64, level int, spread uint64) bool {
	v += uint64(level+1) * 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	v ^= v >> 31
	return v < ^uint64(0)/spread
}

// sipHash is SipHash-2-4 of s under the 128-bit key (k0, k1).
func sipHash(k0, k1 uint64, s string) uint64 {
	v0, v1 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d
	v2, v3 := k0^0x6c7967656e657261, k1^0x7465646279746573
	round := func() {
		v0 += v1
		v1 = bits.RotateLeft64(v1, 13) ^ v0
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v3
		v3 = bits.RotateLeft64(v3, 16) ^ v2
		v0 += v3
		v3 = bits.RotateLeft64(v3, 21) ^ v0
		v2 += v1
		v1 = bits.RotateLeft64(v1, 17) ^ v2
		v2 = bits.RotateLeft64(v2, 32)
	}
	last := uint64(len(s)) << 56
	for len(s) >= 8 {
		m := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		v3 ^= m
		round()
		round()
		v0 ^= m
		s = s[8:]
	}
	for i := range len(s) {
		last |= uint64(s[i]) << (8 * i)
	}
	v3 ^= last
	round()
	round()
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		round()
	}
	return v0 ^ v1 ^ v2 ^ v3
}
