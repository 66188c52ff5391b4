package axontest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Tx is what is written at once.
type Tx []Event

// Shape says how segments are laid out. The zero value is 64 KiB, transactions
// in one block as far as a block can hold them.
type Shape struct {
	SegmentSize int // of a file, in bytes
	BlockEvents int // the most events in a block; larger transactions take several blocks
}

func (s Shape) norm() Shape {
	if s.SegmentSize == 0 {
		s.SegmentSize = 64 << 10
	}
	if s.BlockEvents == 0 {
		s.BlockEvents = 32767
	}
	return s
}

// File is one segment as bytes.
type File struct {
	First  int64 // token of its first event
	Events int64
	End    int // offset of the end mark
	Closed bool
	Data   []byte
}

// Write lays transactions out in segments from the token first on. The last
// file is open, all before it are closed. A transaction that is larger than a
// segment gets a larger file.
func Write(shape Shape, first int64, txs ...Tx) []File {
	shape = shape.norm()
	token := first
	files := []*open{newOpen(first)}
	for _, tx := range txs {
		blocks := encode(shape, token, tx)
		now := files[len(files)-1]
		if now.Len()+len(blocks)+4 > shape.SegmentSize && now.events > 0 {
			now.closed = true
			now = newOpen(token)
			files = append(files, now)
		}
		now.Write(blocks)
		now.events += int64(len(tx))
		token += int64(len(tx))
	}
	var list []File
	for _, o := range files {
		list = append(list, o.file(shape.SegmentSize))
	}
	return list
}

// open is a segment under way.
type open struct {
	bytes.Buffer
	first, events int64
	closed        bool
}

func newOpen(first int64) *open {
	o := &open{first: first}
	o.Write([]byte{2, 0, 0, 0, 0})
	return o
}

func (o *open) file(size int) File {
	f := File{First: o.first, Events: o.events, End: o.Len(), Closed: o.closed}
	f.Data = make([]byte, max(size, o.Len()+4))
	copy(f.Data, o.Bytes())
	if o.closed {
		copy(f.Data[f.End:], "\xff\xff\xff\xff")
	}
	return f
}

// encode returns the blocks of a transaction.
func encode(shape Shape, token int64, tx Tx) []byte {
	var out []byte
	for len(tx) > 0 {
		n := min(len(tx), shape.BlockEvents)
		var body []byte
		for _, e := range tx[:n] {
			m := e.Bytes(token)
			body = binary.BigEndian.AppendUint32(body, uint32(len(m)))
			body = append(body, m...)
			token++
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
		out = append(out, 2)
		out = binary.BigEndian.AppendUint16(out, uint16(n))
		out = append(out, body...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
		tx = tx[n:]
	}
	return out
}
