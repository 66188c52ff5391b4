package log

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func bodies() []Body {
	return []Body{
		Whole{},
		Whole{
			Snapshots: []Snapshot{{nm(1), nm(1)}, {nm(2), nm(9)}},
			Index:     []Name{nm(3), nm(4)},
			Marks:     []Marked{{nm(5), 300, 1 << 40}},
			Keeps:     []Kept{{run(1), 7, 8, Name{}, nil}, {run(2), 9, 10, nm(1), []Name{nm(6), nm(7)}}},
		},
		Commit{nm(1), nm(1), Name{}, run(3), []Name{nm(2)}},
		Commit{nm(2), nm(1), nm(1), Run{}, nil},
		Forget{[]Name{nm(1), nm(2)}},
		Mark{[]Name{nm(1)}},
		Keep{run(1), nm(1), []Name{nm(1), nm(300)}},
		Sweep{[]Name{nm(1)}, []Name{nm(2)}, []Name{nm(3)}, []Run{run(1), run(2)}},
	}
}

func TestCodecRoundTrip(t *testing.T) {
	for _, b := range bodies() {
		p := plain{1 << 41, 77, b}
		got, err := decodePlain(p.encode())
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: got %+v, %v", b.Type(), got, err)
		}
		raw := p.encode()
		for i := range raw {
			if _, err := decodePlain(raw[:i]); err == nil {
				t.Errorf("%s cut to %d bytes was accepted", b.Type(), i)
			}
		}
		if _, err := decodePlain(append(raw, 0)); !errors.Is(err, errTrailing) {
			t.Errorf("%s with a byte more: %v", b.Type(), err)
		}
	}
}

func TestCodecSortsSets(t *testing.T) {
	in := []Name{nm(3), nm(1), nm(3), nm(2)}
	p, err := decodePlain(plain{body: Forget{in}}.encode())
	if err != nil || !reflect.DeepEqual(p.body, Forget{[]Name{nm(1), nm(2), nm(3)}}) {
		t.Errorf("got %+v, %v", p, err)
	}
	if in[0] != nm(3) || in[1] != nm(1) {
		t.Error("encoding changed the caller's list")
	}
}

func TestCodecRefuses(t *testing.T) {
	one, two := nm(1), nm(2)
	for what, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"nothing":              {nil, errShort},
		"type 0":               {[]byte{0, 0, 0}, errType},
		"type 7":               {[]byte{7, 0, 0}, errType},
		"a long varint":        {[]byte{3, 0x80, 0, 0, 0}, errVarint},
		"a varint of 65 bits":  {append([]byte{3}, bytes.Repeat([]byte{0xff}, 11)...), errVarint},
		"a count beyond bytes": {[]byte{3, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, errCount},
		"names out of order":   {append(append([]byte{3, 0, 0, 2}, two[:]...), one[:]...), errOrder},
		"a name twice":         {append(append([]byte{3, 0, 0, 2}, two[:]...), two[:]...), errOrder},
	} {
		if _, err := decodePlain(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range bodies() {
		f.Add(plain{3, 4, b}.encode())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodePlain(raw)
		if err == nil && !bytes.Equal(p.encode(), raw) {
			t.Fatalf("%x decodes but encodes to %x", raw, p.encode())
		}
	})
}
