package secondreader

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// hash is a name, an id, or another BLAKE3 value.
type hash = [32]byte

// decoder takes fields off the front of p. The first failure sticks: what
// is taken after it is zero, and done reports it.
type decoder struct {
	p   []byte
	err error
}

var errShort = errors.New("ends too early")

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

// take returns the next n bytes, or nil after a failure.
func (d *decoder) take(n uint64) []byte {
	if d.err == nil && n > uint64(len(d.p)) {
		d.err = errShort
	}
	if d.err != nil {
		return nil
	}
	head := d.p[:n:n]
	d.p = d.p[n:]
	return head
}

func (d *decoder) u8() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) hash() (h hash) {
	copy(h[:], d.take(32))
	return h
}

// uv refuses what has a shorter form: a last group of zero, bits beyond the 64th.
func (d *decoder) uv() uint64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.p)
	switch {
	case n == 0:
		d.err = errShort
		return 0
	case n < 0:
		d.fail("a varint has more than 64 bits")
		return 0
	case n > 1 && d.p[n-1] == 0:
		d.fail("a varint isn't in its shortest form")
		return 0
	}
	d.p = d.p[n:]
	return v
}

func (d *decoder) sv() int64 {
	v := d.uv()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *decoder) bytes() []byte { return d.take(d.uv()) }

// count is the uv number of items that take at least each bytes.
func (d *decoder) count(each uint64) int {
	n := d.uv()
	if n > uint64(len(d.p))/each {
		d.fail("%d items can't fit into %d bytes", n, len(d.p))
		return 0
	}
	return int(n)
}

// done reports the first failure, or bytes that are left.
func (d *decoder) done() error {
	if len(d.p) > 0 {
		d.fail("%d bytes are left over", len(d.p))
	}
	return d.err
}
