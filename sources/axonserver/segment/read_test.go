package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
)

// list reads a segment and writes down tokens and damages, in their order.
func list(t *testing.T, data []byte, wanted func(segment.Raw) (bool, error)) (got []string) {
	t.Helper()
	for e, err := range segment.Read(t.Context(), bytes.NewReader(data), 0, make([]byte, 64), wanted) {
		var d *segment.Damage
		switch {
		case errors.As(err, &d):
			got = append(got, string(d.Cause))
		case err != nil:
			got = append(got, err.Error())
		default:
			got = append(got, fmt.Sprint(e.Token))
		}
	}
	return got
}

func TestRead(t *testing.T) {
	f := small(0)
	want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8"}
	if got := list(t, f.Data, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	odd := func(e segment.Raw) (bool, error) { return e.Token%2 == 1, nil }
	if got := list(t, f.Data, odd); !reflect.DeepEqual(got, []string{"1", "3", "5", "7"}) {
		t.Errorf("%v", got)
	}
	bad := func(e segment.Raw) (bool, error) {
		if e.Token == 5 {
			return false, errors.New("enough")
		}
		return true, nil
	}
	if got := list(t, f.Data, bad); !reflect.DeepEqual(got, []string{"0", "1", "2", "3", "enough"}) {
		t.Errorf("%v", got)
	}
	// a block that is wrong yields none of its events, and those behind it come
	second := offsets(t, f.Data)[2]
	f.Data[second+30] ^= 1
	if got := list(t, f.Data, nil); !reflect.DeepEqual(got, []string{"0", "1", "2", "checksum", "4", "5", "6", "7", "8"}) {
		t.Errorf("%v", got)
	}
	f.Data[len(f.Data)-1] = 1
	if got := list(t, f.Data, odd); !reflect.DeepEqual(got, []string{"1", "checksum", "5", "7", "leftover"}) {
		t.Errorf("%v", got)
	}
	count := 0
	for range segment.Read(t.Context(), bytes.NewReader(f.Data), 0, make([]byte, 64), nil) {
		if count++; count == 2 {
			break
		}
	}
	if count != 2 {
		t.Error(count)
	}
}

func TestDecode(t *testing.T) {
	e, err := segment.Decode(axontest.Event{Aggregate: "order-1", Sequence: 7, Payload: []byte("{}"), MetaData: map[string]string{"a": "b", "c": "d"}, Snapshot: true}.Bytes(12))
	want := segment.Event{ID: "m-12", Aggregate: "order-1", Sequence: 7, AggregateType: "Order", Timestamp: 1795262400012,
		Payload: segment.Object{Type: "com.example.Happened", Revision: "1", Data: []byte("{}")}, MetaData: map[string]any{"a": "b", "c": "d"}, Snapshot: true}
	if err != nil || !reflect.DeepEqual(e, want) {
		t.Errorf("%+v, %v", e, err)
	}
	// written by hand from the protocol's definition: all kinds of values, and a field of tomorrow
	raw := "\x0a\x01i" + "\x3a\x07\x0a\x01n\x12\x02\x10\x03" + "\x3a\x07\x0a\x01b\x12\x02\x18\x01" +
		"\x3a\x0e\x0a\x01d\x12\x09\x21\x00\x00\x00\x00\x00\x00\xf8\x7f" + "\x3a\x0d\x0a\x01o\x12\x08\x2a\x06\x0a\x01T\x1a\x01z" + "\x3a\x03\x0a\x01e" + "\xaa\x06\x01?" + "\xb5\x06abcd"
	e, err = segment.Decode([]byte(raw))
	if err != nil || e.ID != "i" || e.MetaData["n"] != int64(-2) || e.MetaData["b"] != true || e.MetaData["e"] != nil || len(e.MetaData) != 5 {
		t.Errorf("%+v, %v", e, err)
	}
	if d, ok := e.MetaData["d"].(float64); !ok || !math.IsNaN(d) {
		t.Errorf("%v", e.MetaData["d"])
	}
	if o, ok := e.MetaData["o"].(segment.Object); !ok || o.Type != "T" || string(o.Data) != "z" {
		t.Errorf("%v", e.MetaData["o"])
	}
	for _, bad := range []string{"\x0a\x05abc", "\x0a", "\x80", "\x32\x02\x0a\x05", "\x3a\x04\x12\x02\x0a\x07", "\x00\x00", "\x0c"} {
		if e, err := segment.Decode([]byte(bad)); err == nil {
			t.Errorf("%x was decoded: %+v", bad, e)
		}
	}
}

// The aggregate is found wherever it stands.
func TestHead(t *testing.T) {
	for text, want := range map[string]string{
		"\x12\x01a\x18\x05":                         "a 5",
		"\x18\x05\x12\x01a":                         "a 5",
		"\x12\x01a\x18\x05\x32\x7fcut here":         "a 5",
		"\x32\x01p\x12\x01a":                        "a 0",
		"\x0a\x01i\x32\x00":                         " 0",
		"\x12\x01a\x22\x05Order\x28\x01":            "a 0",
		"\x12\x01a\x18\x80\x80\x80\x80\x10\x22\x7f": "a 4294967296",
	} {
		a, n, err := segment.Head([]byte(text))
		if got := fmt.Sprintf("%s %d", a, n); got != want || err != nil {
			t.Errorf("%x: %q, %v; want %q", text, got, err, want)
		}
	}
	if _, _, err := segment.Head([]byte("\x12\x09a")); err == nil {
		t.Error("a cut aggregate was taken")
	}
}
