package segment_test

import (
	"bytes"
	"io"
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
)

// trim verifies, trims, and returns what came out.
func trim(t *testing.T, data []byte, first, length int64) ([]byte, segment.Summary) {
	t.Helper()
	s := verify(t, data, first)
	r, n := segment.Trim(bytes.NewReader(data), s, length)
	out, err := io.ReadAll(r)
	if err != nil || int64(len(out)) != n {
		t.Fatalf("%d bytes of %d, %v", len(out), n, err)
	}
	return out, s
}

// The real open segment, torn as by a slow copy, is found and made safe.
func TestRealTornSegment(t *testing.T) {
	files := axontest.Real(t)
	good, torn := files[axontest.GoodOpen].Data, files[axontest.TornOpen].Data
	want := verify(t, good, 12925)
	if !want.Whole() || want.State != segment.Open || want.Events != 75 || want.Next() != 13000 {
		t.Fatalf("%+v", want)
	}
	out, s := trim(t, torn, 12925, 0)
	if s.Whole() || !s.Torn() || s.State != segment.Open || s.Damages[0].Cause != segment.Leftover || s.Proven == 0 || s.Proven >= 75 {
		t.Errorf("the torn one: %+v", s)
	}
	after := verify(t, out, 12925)
	if !after.Whole() || after.Events != s.Proven || after.State != segment.Open || len(out) != len(torn) {
		t.Errorf("made safe: %+v", after)
	}
	if !bytes.Equal(out[:s.End], good[:s.End]) || !bytes.Equal(out[s.End:], make([]byte, len(out)-int(s.End))) {
		t.Error("it is no prefix of the good one with zeros behind")
	}
	if out, _ := trim(t, good, 12925, 0); !bytes.Equal(out, good) {
		t.Error("a whole segment was changed")
	}
}

// Wherever a copy of an open segment is cut, or whatever stands behind that
// place, what Trim makes of it is whole, and holds just the blocks that are
// whole before that place.
func TestTrimAnywhere(t *testing.T) {
	f := small(0)
	starts := append(offsets(t, f.Data), int64(f.End))
	for at := 5; at < len(f.Data); at++ {
		end := int64(5)
		for _, s := range starts {
			if s <= int64(at) {
				end = s
			}
		}
		dirty := bytes.Repeat([]byte{0xee}, len(f.Data))
		copy(dirty, f.Data[:at])
		for name, data := range map[string][]byte{"cut": f.Data[:at], "dirty": dirty} {
			out, s := trim(t, data, 0, int64(len(f.Data)))
			after := verify(t, out, 0)
			if s.End != end || !after.Whole() || after.State != segment.Open || after.End != end || len(out) != len(f.Data) {
				t.Fatalf("%s at %d: kept %d, want %d; %+v", name, at, s.End, end, after)
			}
		}
	}
}

// A complete segment stays complete; one that was cut gets room for the mark.
func TestTrimKeepsTheEndMark(t *testing.T) {
	f := small(0)
	full := closed(f)
	if out, _ := trim(t, full, 0, 0); !bytes.Equal(out, full) {
		t.Error("a complete segment was changed")
	}
	dirty := bytes.Clone(full)
	dirty[len(dirty)-1] = 9
	if out, _ := trim(t, dirty, 0, 0); !bytes.Equal(out, full) {
		t.Error("what lies behind the end mark was not cleared, or the mark was")
	}
	flipped := bytes.Clone(full)
	flipped[starts(t, f)[1]+20] ^= 1
	out, s := trim(t, flipped, 0, 0)
	if after := verify(t, out, 0); s.Torn() || !after.Whole() || after.State != segment.Open || after.Events != s.Proven {
		t.Errorf("%+v %+v", s, after)
	}
	out, _ = trim(t, f.Data[:f.End], 0, 0)
	if after := verify(t, out, 0); !after.Whole() || len(out) != f.End+4 {
		t.Errorf("%d bytes for a segment that ends at %d: %+v", len(out), f.End, after)
	}
}

func starts(t *testing.T, f axontest.File) []int64 { return offsets(t, f.Data) }
