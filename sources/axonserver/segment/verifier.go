package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// The sizes of what is no event.
const (
	headSize  = 5
	blockSize = 7 // of a block's head; its CRC takes 4 more
	markSize  = 4
	version   = 2
)

// Raw is an event as it lies in a segment.
type Raw struct {
	Token  int64
	Offset int64  // of the message, behind its length
	Bytes  []byte // valid until the hook returns
	Size   int    // of the message; more than len(Bytes) where that was cut
}

// Block describes a block.
type Block struct {
	Offset int64 // of its size field
	First  int64 // token of its first event
	Events int
	Size   int64 // of the events with their lengths
	CRC    uint32
}

// Hooks are called while a segment goes by; each may be nil. An error that one
// returns ends the verification, and Write returns it.
type Hooks struct {
	// Event gets each event before its block is proven.
	Event func(Raw) error
	// Cut is how many bytes of an event the hook wants to see at most; 0 is all.
	Cut int
	// Block gets each block at its end. wrong is nil where the block is proven.
	Block func(b Block, wrong *Damage) error
}

// phase says what comes next.
type phase uint8

const (
	atHead   phase = iota // the file's head
	atSize                // a block's size, or the end mark
	atBlock               // the rest of a block's head
	atEvents              // a block's events
	atCRC                 // a block's checksum
	atTail                // what stands behind the end mark
	lost                  // nobody can say where the next block begins
)

// Verifier is an io.Writer that proves a segment while its bytes go by, in
// pieces of any size: put it into an io.TeeReader or an io.MultiWriter. Call
// Finish behind the last byte. It must not be used concurrently.
type Verifier struct {
	hooks Hooks
	sum   Summary
	at    int64 // offset of the next byte
	phase phase
	err   error // of a hook

	few []byte // bytes of a number that came in two pieces
	buf [8]byte

	block Block
	left  int64 // bytes of the block's events that are still to come
	count int   // events that the block says it has
	crc   uint32
	inner string // what is wrong with the lengths of its events
	event int64  // bytes of the event that are still to come
	size  int64  // of that event
	part  []byte // of that event, for the hook
	ahead int64  // Events of the block before it was proven
}

// NewVerifier returns a Verifier for the segment that begins with the token first.
func NewVerifier(first int64, hooks Hooks) *Verifier {
	return &Verifier{hooks: hooks, sum: Summary{First: first}}
}

// Write looks at the next bytes. It keeps none of p. What is wrong with the
// segment is no error of Write: Finish tells it.
func (v *Verifier) Write(p []byte) (int, error) {
	n := len(p)
	v.sum.Size += int64(n)
	for len(p) > 0 && v.err == nil {
		switch v.phase {
		case atHead:
			p = v.readHead(p)
		case atSize:
			p = v.readSize(p)
		case atBlock:
			p = v.readBlock(p)
		case atEvents:
			p, v.err = v.readEvents(p)
		case atCRC:
			p, v.err = v.readCRC(p)
		case atTail:
			p = v.readTail(p)
		case lost:
			p = nil
		}
	}
	return n - len(p), v.err
}

// take returns the next n bytes, at most 8, and what follows them; nil where
// they didn't all come yet.
func (v *Verifier) take(p []byte, n int) (got, rest []byte) {
	if len(v.few) == 0 && len(p) >= n {
		v.at += int64(n)
		return p[:n], p[n:]
	}
	m := min(n-len(v.few), len(p))
	v.few = append(append(v.buf[:0], v.few...), p[:m]...)
	v.at += int64(m)
	if len(v.few) < n {
		return nil, p[m:]
	}
	got, v.few = v.few, nil
	return got, p[m:]
}

func (v *Verifier) damage(c Cause, offset int64, format string, args ...any) *Damage {
	d := Damage{c, offset, fmt.Sprintf(format, args...)}
	if len(v.sum.Damages) == mostDamages {
		v.sum.More++
	} else {
		v.sum.Damages = append(v.sum.Damages, d)
	}
	return &d
}

func (v *Verifier) readHead(p []byte) []byte {
	h, p := v.take(p, headSize)
	if h == nil {
		return p
	}
	v.phase = atSize
	switch flags := binary.BigEndian.Uint32(h[1:]); {
	case h[0] == 0 && flags == 0:
		v.damage(BadHeader, 0, "the file begins with zeros: it was never written, or its first page is lost")
		v.phase = lost
	case h[0] != version:
		v.damage(BadHeader, 0, "the file begins with version %d, where a segment has %d", h[0], version)
		v.phase = lost
	case flags != 0:
		v.damage(BadFlags, 1, "the flags are %08x instead of 0: the events are encrypted or compressed by the server, or the flags are damaged", flags)
		v.phase = lost
	default:
		v.sum.End = headSize
	}
	return p
}

func (v *Verifier) readSize(p []byte) []byte {
	begin := v.at - int64(len(v.few))
	h, p := v.take(p, 4)
	if h == nil {
		return p
	}
	switch size := int32(binary.BigEndian.Uint32(h)); {
	case size == 0:
		v.sum.State, v.phase = Open, atTail
	case size == -1:
		v.sum.State, v.phase = Closed, atTail
	case size < 4: // one event with its length takes that much
		v.damage(BadBlock, begin, "a block of %d bytes begins, which can't be", size)
		v.phase = lost
	default:
		v.block = Block{Offset: begin, First: v.sum.Next(), Size: int64(size)}
		v.left, v.crc, v.inner, v.event, v.size, v.ahead = int64(size), 0, "", 0, 0, 0
		v.phase = atBlock
	}
	return p
}

func (v *Verifier) readBlock(p []byte) []byte {
	h, p := v.take(p, blockSize-4)
	if h == nil {
		return p
	}
	v.count = int(int16(binary.BigEndian.Uint16(h[1:])))
	switch {
	case h[0] != version:
		v.sum.bare = h[0] == 0 && v.count == 0
		v.damage(BadBlock, v.block.Offset, "a block has version %d instead of %d", h[0], version)
		v.phase = lost
	case v.count < 1 || int64(v.count)*4 > v.block.Size:
		v.damage(BadBlock, v.block.Offset, "a block of %d bytes says that it holds %d events", v.block.Size, v.count)
		v.phase = lost
	default:
		v.phase = atEvents
	}
	return p
}

func (v *Verifier) readCRC(p []byte) ([]byte, error) {
	h, p := v.take(p, 4)
	if h == nil {
		return p, nil
	}
	v.block.CRC = binary.BigEndian.Uint32(h)
	wrong := v.judge()
	v.phase = atSize
	v.sum.Blocks++
	// Where the lengths add up, the tokens behind this block are known.
	if v.inner == "" {
		v.block.Events = int(v.ahead)
	} else {
		v.block.Events = v.count
	}
	v.sum.Events += int64(v.block.Events)
	switch {
	case wrong != nil:
	case v.sum.End == v.block.Offset:
		v.sum.End, v.sum.Proven = v.at, v.sum.Events
	default:
		v.sum.Behind++
	}
	if v.hooks.Block == nil {
		return p, nil
	}
	return p, v.hooks.Block(v.block, wrong)
}

// judge says what is wrong with a block that was read to its end.
func (v *Verifier) judge() *Damage {
	b := &v.block
	switch {
	case v.crc != b.CRC && v.inner != "":
		return v.damage(BadLengths, b.Offset, "in a block of %d bytes %s, and its checksum is wrong", b.Size, v.inner)
	case v.crc != b.CRC:
		return v.damage(BadChecksum, b.Offset, "a block of %d bytes with %d events from token %d has the checksum %08x instead of %08x", b.Size, v.count, b.First, v.crc, b.CRC)
	case v.inner != "":
		return v.damage(BadLengths, b.Offset, "in a block of %d bytes %s", b.Size, v.inner)
	case v.ahead != int64(v.count):
		return v.damage(BadCount, b.Offset, "a block says that it holds %d events and holds %d", v.count, v.ahead)
	}
	return nil
}

func (v *Verifier) readTail(p []byte) []byte {
	if i := firstNonZero(p); i >= 0 {
		v.damage(Leftover, v.at+int64(i), "behind the end mark stand bytes that are not zero")
		v.phase = lost
	}
	v.at += int64(len(p))
	return nil
}

// update adds the next events to the checksum.
func (v *Verifier) update(p []byte) { v.crc = crc32.Update(v.crc, crc32.IEEETable, p) }

// Finish says what was found, and must be called once, behind the last byte.
func (v *Verifier) Finish() Summary {
	switch v.phase {
	case atTail, lost:
	case atHead:
		v.damage(Short, v.at, "the file ends after %d bytes: not even a segment's head is there", v.at)
	case atSize:
		v.sum.bare = true
		v.damage(Short, v.at-int64(len(v.few)), "the file ends without an end mark behind its last block")
	default:
		if v.inner != "" {
			v.damage(BadLengths, v.block.Offset, "in a block of %d bytes %s, and the file ends before the block does", v.block.Size, v.inner)
			break
		}
		v.sum.bare = true
		v.damage(Short, v.block.Offset, "a block of %d bytes begins, and the file ends before the block does", v.block.Size)
	}
	return v.sum
}
