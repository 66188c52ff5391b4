package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"ivyvault/chunk"
)

// encode writes a table's plaintext again.
func (t *Table) encode() []byte {
	p := binary.AppendUvarint(nil, uint64(t.Len()))
	for i := range t.Len() {
		ref := t.ref(i)
		p = appendEntry(p, &ref, nil)
		for n := range ref.Frames() {
			_, stored := t.Range(i, n, n+1)
			at := int(t.chunks[i].frame) + n
			p = appendFrame(p, int(stored), uint8(t.ends[at]>>31))
			if ref.Frames() > 1 {
				p = append(p, t.hashes[int(t.chunks[i].hash)+n][:]...)
			}
		}
	}
	return p
}

// trusting takes every id for right, so that the fuzzer gets past it.
type trusting struct{ Hasher }

func (trusting) ChunkID(_ chunk.Kind, _ []chunk.ID) chunk.ID { return chunk.ID{} }

func FuzzParseTable(f *testing.F) {
	entry := func(size uint32, frames ...Frame) []byte {
		ref := chunk.Ref{Kind: chunk.Data, Size: size}
		return appendEntry([]byte{1}, &ref, frames)
	}
	f.Add(entry(5, Frame{Data: make([]byte, 5)}), uint8(1), int64(HeaderSize+5+tagSize))
	f.Add(entry(chunk.FrameSize+5, Frame{Data: make([]byte, 20), Comp: Zstd}, Frame{Data: make([]byte, 5)}), uint8(1), int64(HeaderSize+25+2*tagSize))
	f.Add(append([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, make([]byte, 100)...), uint8(2), int64(1<<20))
	f.Add(entry(chunk.MaxSize, Frame{Data: []byte{1}}), uint8(1), int64(1<<30))
	f.Fuzz(func(t *testing.T, p []byte, kind uint8, end int64) {
		if end < HeaderSize || end > MaxSize {
			return // ParseTrailer lets none of these through
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		table, err := parseTable(p, kind, end, trusting{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(64*len(p)+64<<10) {
			t.Fatalf("%d bytes allocated for %d", got, len(p))
		}
		if err != nil {
			if !errors.Is(err, chunk.ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		if again := table.encode(); !bytes.Equal(again, p) {
			t.Fatalf("%x decodes and encodes to %x", p, again)
		}
		if off, n := table.Range(0, 0, 1); off != HeaderSize || n <= tagSize {
			t.Fatalf("first frame at %d, %d bytes", off, n)
		}
	})
}

func FuzzDecompress(f *testing.F) {
	codec := testCodec(f, "fastest")
	plain := bytes.Repeat([]byte("ivy "), 200)
	good, _ := codec.Compress(nil, plain)
	f.Add(good, 800)
	f.Add(good, 799)
	f.Add(good[:len(good)-1], 800)
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd}, 4)
	f.Fuzz(func(t *testing.T, p []byte, n int) {
		if n < 0 || n > chunk.FrameSize {
			return
		}
		dst := []byte("before")
		out, err := codec.Decompress(dst, p, n)
		if err == nil && len(out) != len(dst)+n {
			t.Fatalf("%d bytes instead of %d", len(out)-len(dst), n)
		}
		if !bytes.HasPrefix(out, dst) || (err != nil && len(out) != len(dst)) {
			t.Fatalf("%q, %v", out, err)
		}
	})
}
