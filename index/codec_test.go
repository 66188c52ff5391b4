package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"ivyvault/chunk"
)

// seeded returns a generator whose seed the test prints.
func seeded(t testing.TB, seed uint64) *rand.Rand {
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

func fill(r *rand.Rand, b []byte) {
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, r.Uint64())
		b = b[8:]
	}
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

func randomName(r *rand.Rand) (n Name) { fill(r, n[:]); return n }

// randomFile makes a file of packs packs with up to most chunks each.
func randomFile(r *rand.Rand, packs, most int) File {
	var f File
	for range packs {
		p := Pack{Name: randomName(r), Kind: DataPack + uint8(r.IntN(2)), Size: FramesBegin}
		for range r.IntN(most + 1) {
			c := Chunk{Kind: chunk.Kind(1 + r.IntN(3)), ID: randomName(r),
				Size: 1 + r.Uint32N(1<<20), Stored: 17 + r.Uint32N(4000)}
			p.Chunks = append(p.Chunks, c)
			p.Size += int64(c.Stored)
		}
		p.Size += int64(r.IntN(5000))
		f.Packs = append(f.Packs, p)
	}
	return f
}

func TestFileRoundTrip(t *testing.T) {
	r := seeded(t, rand.Uint64())
	for range 50 {
		f := randomFile(r, r.IntN(20), 40)
		b, err := Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		g, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(f, g) {
			t.Fatalf("decoded file differs:\n%+v\n%+v", f, g)
		}
	}
}

func TestFileRefused(t *testing.T) {
	good := File{Packs: []Pack{{Kind: DataPack, Size: FramesBegin + 100,
		Chunks: []Chunk{{Kind: chunk.Data, Size: 5, Stored: 100}}}}}
	plain, err := encodePlain(good)
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, to ...byte) []byte {
		b := bytes.Clone(plain)
		return append(b[:at], append(to, b[at+len(to):]...)...)
	}
	// Layout: count 1, name 32, kind 1, size 2, count 1, kind 1, id 32, size 1, stored 1.
	for what, b := range map[string][]byte{
		"empty":                  {},
		"cut":                    plain[:len(plain)-1],
		"trailing byte":          append(bytes.Clone(plain), 0),
		"count too high":         change(0, 2),
		"kind of pack":           change(33, 3),
		"frames beyond the pack": change(len(plain)-1, 101),
		"kind of chunk":          change(37, 4),
		"size 0":                 change(len(plain)-2, 0),
		"stored 0":               change(len(plain)-1, 0),
		"long number":            append(bytes.Clone(plain[:len(plain)-1]), 0x80|100, 0),
	} {
		if _, err := decodePlain(b); !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("%s: %v, want damage", what, err)
		}
	}
	if _, err := Decode(plain); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("not zstd: %v, want damage", err)
	}
	good.Packs[0].Size--
	if _, err := Encode(good); err == nil {
		t.Error("a file that no reader accepts was encoded")
	}
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 4 {
		b, err := encodePlain(randomFile(r, i, 5))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := decodePlain(b)
		if err != nil {
			if !errors.Is(err, chunk.ErrDamaged) {
				t.Fatalf("error %v is no damage", err)
			}
			return
		}
		again, err := encodePlain(g)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, again) {
			t.Fatalf("encoded again: %x, was %x", again, b)
		}
		if _, err := Decode(b); err != nil && !errors.Is(err, chunk.ErrDamaged) {
			t.Fatalf("error %v is no damage", err)
		}
	})
}
