package segment_test

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"testing"

	"ivyvault/sources/axonserver/segment"
)

// Any bytes: no panic, little memory, and what Trim makes of them is whole.
func FuzzVerify(f *testing.F) {
	file := small(0)
	f.Add(file.Data, 7)
	f.Add(closed(file), 1000)
	f.Add(file.Data[:200], 1)
	f.Add([]byte("\x02\x00\x00\x00\x00\x7f\xff\xff\xff\x02\x00\x01\x7f\xff\xff\xf0"), 3)
	f.Fuzz(func(t *testing.T, data []byte, piece int) {
		piece = 1 + (piece&0x7fffffff)%4096
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := segment.Verify(context.Background(), bytes.NewReader(data), 0, make([]byte, piece), segment.Hooks{Event: func(e segment.Raw) error {
			if e.Size != len(e.Bytes) || e.Offset < 12 || e.Offset+int64(e.Size) > int64(len(data)) || !bytes.Equal(data[e.Offset:][:e.Size], e.Bytes) {
				t.Errorf("event %+v doesn't lie there", e)
			}
			segment.Head(e.Bytes)
			segment.Decode(e.Bytes)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(1<<20+100*len(data)) {
			t.Errorf("%d bytes were allocated for %d", got, len(data))
		}
		one := verify(t, data, 0)
		if one.End != s.End || one.Events != s.Events || one.State != s.State || len(one.Damages) != len(s.Damages) {
			t.Errorf("in one piece %+v, in pieces %+v", one, s)
		}
		if s.End == 0 {
			return
		}
		r, n := segment.Trim(bytes.NewReader(data), s, 0)
		out, err := io.ReadAll(r)
		again := verify(t, out, 0)
		if err != nil || int64(len(out)) != n || !again.Whole() || again.Events != s.Proven || again.End != s.End {
			t.Errorf("trimmed: %+v of %+v, %v", again, s, err)
		}
		if s.Whole() && !bytes.Equal(out, data) {
			t.Error("Trim changed a whole segment")
		}
	})
}
