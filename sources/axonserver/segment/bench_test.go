package segment_test

import (
	"bytes"
	"context"
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
)

func benchVerify(b *testing.B, perBlock int, hooks segment.Hooks) {
	f := axontest.Write(axontest.Shape{SegmentSize: 32 << 20}, 0, axontest.Orders(100, 1000, perBlock)...)[0]
	data := f.Data[:f.End+4]
	buf := make([]byte, 256<<10)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		s, err := segment.Verify(context.Background(), bytes.NewReader(data), 0, buf, hooks)
		if err != nil || !s.Whole() || s.Events != 100_000 {
			b.Fatal(s, err)
		}
	}
}

// Events of some 230 bytes, ten in a block: framing, lengths, checksum.
func BenchmarkVerify(b *testing.B) { benchVerify(b, 10, segment.Hooks{}) }

// The same, one in a block.
func BenchmarkVerifySingle(b *testing.B) { benchVerify(b, 1, segment.Hooks{}) }

// The same with a look at each event's aggregate.
func BenchmarkVerifyHeads(b *testing.B) {
	benchVerify(b, 10, segment.Hooks{Cut: 64 << 10, Event: func(e segment.Raw) error {
		_, _, err := segment.Head(e.Bytes)
		return err
	}})
}
