package segment_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
)

// verify verifies a segment that comes in one piece.
func verify(t testing.TB, data []byte, first int64) segment.Summary {
	t.Helper()
	s, err := segment.Verify(context.Background(), bytes.NewReader(data), first, make([]byte, len(data)+1), segment.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// small is an open segment with a block of three events, one of one, and a
// transaction of three blocks; after it the rest of 2 KiB.
func small(first int64) axontest.File {
	txs := []axontest.Tx{axontest.Orders(3, 1, 3)[0], axontest.Orders(1, 1, 1)[0], axontest.Orders(5, 1, 5)[0]}
	return axontest.Write(axontest.Shape{SegmentSize: 2 << 10, BlockEvents: 2}, first, txs...)[0]
}

func closed(f axontest.File) []byte {
	data := bytes.Clone(f.Data)
	copy(data[f.End:], "\xff\xff\xff\xff")
	return data
}

func TestVerifyWhole(t *testing.T) {
	f := small(770)
	for state, data := range map[segment.State][]byte{segment.Open: f.Data, segment.Closed: closed(f)} {
		s := verify(t, data, 770)
		if !s.Whole() || s.State != state || s.Events != 9 || s.Blocks != 6 || s.Next() != 779 || s.End != int64(f.End) || s.Proven != 9 || s.Size != 2<<10 || s.Torn() {
			t.Errorf("%s: %+v", state, s)
		}
	}
}

// However the bytes are cut into pieces, what is found is the same.
func TestVerifyInPieces(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	f := small(3)
	damaged := bytes.Clone(f.Data)
	damaged[60] ^= 4
	for _, data := range [][]byte{f.Data, closed(f), damaged, f.Data[:300], {}} {
		type seen struct {
			tokens []int64
			bytes  []string
			blocks []segment.Block
		}
		look := func(feed func(v *segment.Verifier)) (string, segment.Summary) {
			var got seen
			v := segment.NewVerifier(3, segment.Hooks{
				Event: func(e segment.Raw) error {
					got.tokens, got.bytes = append(got.tokens, e.Token), append(got.bytes, string(e.Bytes))
					if int64(len(e.Bytes)) != int64(e.Size) || !bytes.Equal(data[e.Offset:][:e.Size], e.Bytes) {
						t.Errorf("event %d doesn't lie at %d", e.Token, e.Offset)
					}
					return nil
				},
				Block: func(b segment.Block, _ *segment.Damage) error {
					got.blocks = append(got.blocks, b)
					return nil
				},
			})
			feed(v)
			return fmt.Sprintf("%+v", got), v.Finish()
		}
		wantSeen, want := look(func(v *segment.Verifier) { v.Write(data) })
		for range 200 {
			gotSeen, got := look(func(v *segment.Verifier) {
				for rest := data; len(rest) > 0; {
					n := min(1+r.IntN(1+r.IntN(400)), len(rest))
					if m, err := v.Write(rest[:n]); m != n || err != nil {
						t.Fatal(m, err)
					}
					rest = rest[n:]
				}
			})
			if gotSeen != wantSeen || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("in pieces:\n%s %+v\nin one:\n%s %+v", gotSeen, got, wantSeen, want)
			}
		}
	}
}

// Every byte of a segment, changed in turn into each other value: all of it is
// found, though the checksums don't cover the heads and the end.
func TestEveryByteFlipped(t *testing.T) {
	f := axontest.Write(axontest.Shape{SegmentSize: 512, BlockEvents: 2}, 7, axontest.Split(axontest.Tx{
		{Aggregate: "a", Payload: []byte("1")}, {Aggregate: "b", Payload: []byte("2")}, {Payload: []byte("3")},
	}, 3)...)[0]
	uncovered, causes := 0, map[segment.Cause]int{}
	for name, data := range map[string][]byte{"open": f.Data, "closed": closed(f)} {
		if s := verify(t, data, 7); !s.Whole() {
			t.Fatalf("%s: %+v", name, s)
		}
		for i := range data {
			for x := 1; x < 256; x++ {
				data[i] ^= byte(x)
				s := verify(t, data, 7)
				if s.Whole() {
					uncovered++
					t.Errorf("%s: byte %d changed by %02x was not found", name, i, x)
				} else {
					causes[s.Damages[0].Cause]++
				}
				data[i] ^= byte(x)
			}
		}
	}
	t.Logf("%d changes not found; found as %v", uncovered, causes)
}

func TestDamage(t *testing.T) {
	f := small(0)
	second := verifySecond(t, f.Data)
	last := lastBlock(t, f.Data)
	for _, c := range []struct {
		name   string
		change func(b []byte) []byte
		cause  segment.Cause
		offset int64
		says   string
		torn   bool
	}{
		{"empty", func(b []byte) []byte { return nil }, segment.Short, 0, "not even a segment's head", false},
		{"only zeros", func(b []byte) []byte { return make([]byte, 100) }, segment.BadHeader, 0, "begins with zeros", false},
		{"another version", func(b []byte) []byte { b[0] = 3; return b }, segment.BadHeader, 0, "version 3", false},
		{"flags", func(b []byte) []byte { b[4] = 1; return b }, segment.BadFlags, 1, "00000001", false},
		{"payload", func(b []byte) []byte { b[second+40] ^= 1; return b }, segment.BadChecksum, second, "from token 2", false},
		{"payload of the last block", func(b []byte) []byte { b[last+40] ^= 1; return b }, segment.BadChecksum, last, "from token 8", true},
		{"count", func(b []byte) []byte { b[second+6]++; return b }, segment.BadCount, second, "says that it holds 2 events and holds 1", false},
		{"count too large", func(b []byte) []byte { b[second+5] = 0x7f; return b }, segment.BadBlock, second, "32513 events", false},
		{"size a little more", func(b []byte) []byte { b[second+3]++; return b }, segment.BadLengths, second, "checksum is wrong", false},
		{"size much more", func(b []byte) []byte { b[second] = 0x7f; return b }, segment.BadLengths, second, "the file ends", false},
		{"size below zero", func(b []byte) []byte { b[second] = 0x80; return b }, segment.BadBlock, second, "which can't be", false},
		{"size 0", func(b []byte) []byte { copy(b[second:], "\x00\x00\x00\x00"); return b }, segment.Leftover, second + 4, "not zero", true},
		{"size there, body zero", func(b []byte) []byte { clear(b[last+4 : f.End]); return b }, segment.BadBlock, last, "version 0", true},
		{"cut in a block", func(b []byte) []byte { return b[:last+50] }, segment.Short, last, "ends before the block does", true},
		{"cut at a block's end", func(b []byte) []byte { return b[:f.End] }, segment.Short, int64(f.End), "without an end mark", true},
		{"cut in the end mark", func(b []byte) []byte { return b[:f.End+3] }, segment.Short, int64(f.End), "without an end mark", true},
		{"tail", func(b []byte) []byte { b[len(b)-1] = 1; return b }, segment.Leftover, int64(len(f.Data)) - 1, "not zero", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := verify(t, c.change(bytes.Clone(f.Data)), 0)
			if s.Whole() {
				t.Fatal("nothing was found")
			}
			d := s.Damages[0]
			if d.Cause != c.cause || d.Offset != c.offset || !strings.Contains(d.Error(), c.says) || s.Torn() != c.torn {
				t.Errorf("%s: %s, torn %v; want %s at %d with %q, torn %v", d.Cause, &d, s.Torn(), c.cause, c.offset, c.says, c.torn)
			}
		})
	}
	s := verify(t, f.Data[:f.End+4], 0)
	if !s.Whole() || s.State != segment.Open {
		t.Errorf("cut behind the end mark: %+v", s)
	}
}

// verifySecond returns the offset of the second block, lastBlock of the last.
func verifySecond(t *testing.T, data []byte) int64 { return offsets(t, data)[1] }
func lastBlock(t *testing.T, data []byte) int64    { o := offsets(t, data); return o[len(o)-1] }

func offsets(t *testing.T, data []byte) (list []int64) {
	for at := int64(5); ; {
		size := int64(binary.BigEndian.Uint32(data[at:]))
		if size == 0 {
			return list
		}
		list = append(list, at)
		at += size + 11
	}
}

// Many things that are wrong are counted, and only the first are kept.
func TestManyDamages(t *testing.T) {
	f := axontest.Write(axontest.Shape{}, 0, axontest.Orders(1, 100, 1)...)[0]
	for _, at := range offsets(t, f.Data) {
		f.Data[at+20] ^= 1
	}
	s := verify(t, f.Data, 0)
	if len(s.Damages) != 16 || s.More != 84 || s.Events != 100 || s.Proven != 0 || s.End != 5 {
		t.Errorf("%d and %d more, %+v", len(s.Damages), s.More, s)
	}
}

// An event that is larger than any piece is handed on as far as it is wanted.
func TestCutEvent(t *testing.T) {
	f := axontest.Write(axontest.Shape{}, 0, axontest.Tx{{Aggregate: "a", Sequence: 4, Payload: bytes.Repeat([]byte("y"), 20000)}})[0]
	for _, piece := range []int{100, 1000, 1 << 20} {
		calls := 0
		_, err := segment.Verify(t.Context(), bytes.NewReader(f.Data), 0, make([]byte, piece), segment.Hooks{Cut: 512, Event: func(e segment.Raw) error {
			calls++
			aggregate, seq, err := segment.Head(e.Bytes)
			if len(e.Bytes) != 512 || e.Size < 20000 || string(aggregate) != "a" || seq != 4 || err != nil {
				t.Errorf("%d of %d bytes, %q %d %v", len(e.Bytes), e.Size, aggregate, seq, err)
			}
			return nil
		}})
		if err != nil || calls != 1 {
			t.Errorf("%d calls, %v", calls, err)
		}
	}
}
