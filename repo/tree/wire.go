package tree

import (
	"encoding/binary"

	"ivyvault/chunk"
)

// appendSigned appends v zig-zag mapped.
func appendSigned(b []byte, v int64) []byte {
	return binary.AppendUvarint(b, uint64(v)<<1^uint64(v>>63))
}

// appendBytes appends a length and the bytes.
func appendBytes[T string | []byte](b []byte, v T) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// scan reads fields from the front of b. The first problem sticks: from then
// on every read gives zero, so a caller checks how once after a group of reads.
type scan struct {
	b   []byte
	pos int
	how string // what is wrong, empty while all is well
}

func (s *scan) fail(how string) {
	if s.how == "" {
		s.how = how
		s.pos = len(s.b)
	}
}

func (s *scan) left() int { return len(s.b) - s.pos }

func (s *scan) u8() byte {
	if s.pos >= len(s.b) {
		s.fail("it ends too early")
		return 0
	}
	c := s.b[s.pos]
	s.pos++
	return c
}

func (s *scan) uv() uint64 {
	if s.pos < len(s.b) && s.b[s.pos] < 0x80 {
		c := s.b[s.pos]
		s.pos++
		return uint64(c)
	}
	return s.longUv()
}

func (s *scan) longUv() uint64 {
	v, n := binary.Uvarint(s.b[s.pos:])
	switch {
	case n == 0:
		s.fail("it ends too early")
		return 0
	case n < 0:
		s.fail("a number has more than 64 bits")
		return 0
	case n > 1 && s.b[s.pos+n-1] == 0:
		s.fail("a number is not in its shortest form")
		return 0
	}
	s.pos += n
	return v
}

func (s *scan) sv() int64 { return unzigzag(s.uv()) }

// take returns the next n bytes, which stay part of the scanned slice.
func (s *scan) take(n uint64) []byte {
	if n > uint64(s.left()) {
		s.fail("it ends too early")
		return nil
	}
	p := s.b[s.pos : s.pos+int(n) : s.pos+int(n)]
	s.pos += int(n)
	return p
}

func (s *scan) bytes() []byte { return s.take(s.uv()) }

// small reads a number that must not exceed limit.
func (s *scan) small(limit uint64, how string) uint64 {
	v := s.uv()
	if v > limit {
		s.fail(how)
		return 0
	}
	return v
}

// size reads the plaintext length of a chunk.
func (s *scan) size() uint32 {
	v := s.uv()
	if s.how == "" && (v == 0 || v > chunk.MaxSize) {
		s.fail("the length of a chunk is out of bounds")
		return 0
	}
	return uint32(v)
}

// count reads a count of things that take at least each bytes.
func (s *scan) count(each int) int {
	v := s.uv()
	if v > uint64(s.left()/each) {
		s.fail("a count exceeds what follows")
		return 0
	}
	return int(v)
}

// end is the last check of a decoder.
func (s *scan) end(what string) error {
	if s.how == "" && s.left() != 0 {
		s.fail("bytes follow its end")
	}
	if s.how != "" {
		return &chunk.DamageError{What: what, How: s.how}
	}
	return nil
}
