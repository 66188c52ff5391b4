package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// readEvents goes through the events of a block: the checksum takes them in one
// piece, the lengths are followed beside it.
func (v *Verifier) readEvents(p []byte) ([]byte, error) {
	n := min(v.left, int64(len(p)))
	q := p[:n]
	v.update(q)
	v.left -= n
	if err := v.walk(q); err != nil {
		return p, err
	}
	if v.left == 0 {
		if v.inner == "" && (v.event > 0 || len(v.few) > 0) {
			v.inner = "the last event is longer than the block"
		}
		v.few = nil
		v.phase = atCRC
	}
	return p[n:], nil
}

// walk follows the lengths through q, which ends where the block does or before.
func (v *Verifier) walk(q []byte) error {
	end := v.at + int64(len(q)) + v.left // of the block's events
	for len(q) > 0 && v.inner == "" {
		if v.event == 0 {
			var h []byte
			if h, q = v.take(q, 4); h == nil {
				return nil
			}
			v.size = int64(int32(binary.BigEndian.Uint32(h)))
			if v.size < 0 || v.size > end-v.at {
				v.inner = fmt.Sprintf("the length of event %d is %d, with %d bytes left", v.ahead+1, v.size, end-v.at)
				break
			}
			v.event = v.size
			v.part = v.part[:0]
			if v.size > 0 {
				continue
			}
		}
		n := min(v.event, int64(len(q)))
		if err := v.give(q[:n]); err != nil {
			return err
		}
		q = q[n:]
		v.at += n
		if v.event -= n; v.event == 0 {
			v.ahead++
		}
	}
	v.at += int64(len(q))
	return nil
}

// give hands the hook an event, once all of it, or as much as it wants, came.
func (v *Verifier) give(q []byte) error {
	if v.hooks.Event == nil {
		return nil
	}
	last := int64(len(q)) == v.event
	if len(v.part) > 0 || !last {
		room := len(q)
		if v.hooks.Cut > 0 {
			room = min(room, v.hooks.Cut-len(v.part))
		}
		v.part = append(v.part, q[:room]...)
		q = v.part
	}
	if !last {
		return nil
	}
	if v.hooks.Cut > 0 && len(q) > v.hooks.Cut {
		q = q[:v.hooks.Cut]
	}
	end := v.at + v.event
	return v.hooks.Event(Raw{Token: v.block.First + v.ahead, Offset: end - v.size, Bytes: q, Size: int(v.size)})
}

// firstNonZero returns the place of the first byte that is not zero, or -1.
func firstNonZero(p []byte) int {
	var zeros [4096]byte
	for off := 0; off < len(p); off += len(zeros) {
		q := p[off:min(off+len(zeros), len(p))]
		if bytes.Equal(q, zeros[:len(q)]) {
			continue
		}
		for i, b := range q {
			if b != 0 {
				return off + i
			}
		}
	}
	return -1
}
