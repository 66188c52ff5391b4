package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"ivyvault/chunk"
)

// smallImage is a pack with a chunk of two frames and three of one, some of
// them compressed, short enough to flip every byte of it.
func smallImage(t testing.TB, codec *Codec) *Image {
	t.Helper()
	r := random(t)
	b := NewBuilder(testHeader(DataPack), testCipher(t), DataPack, make([]byte, 0, 64<<10))
	var s Scratch
	two := append(bytes.Repeat([]byte("ivy "), chunk.FrameSize/4), "the end of it"...)
	for _, p := range [][]byte{two, noise(r, 300), text(r, 900), {1}} {
		if _, ok := add(t, b, codec, &s, chunk.Data, p); !ok {
			t.Fatal("it does not fit")
		}
	}
	img, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func readImage(image []byte, t testing.TB, codec *Codec) error {
	o, err := openImage(image, testCipher(t), codec)
	if err != nil {
		return err
	}
	return o.readAll()
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	codec := testCodec(t, "default")
	img := smallImage(t, codec)
	if err := readImage(img.Bytes, t, codec); err != nil {
		t.Fatal(err)
	}
	for i := range img.Bytes {
		img.Bytes[i] ^= 1 << (i % 8)
		if err := readImage(img.Bytes, t, codec); !errors.Is(err, chunk.ErrDamaged) {
			t.Fatalf("byte %d of %d: %v", i, len(img.Bytes), err)
		}
		img.Bytes[i] ^= 1 << (i % 8)
	}
}

func TestCutPackIsFound(t *testing.T) {
	codec := testCodec(t, "default")
	img := smallImage(t, codec)
	for n := range img.Bytes {
		if err := readImage(img.Bytes[:n], t, codec); !errors.Is(err, chunk.ErrDamaged) {
			t.Fatalf("%d bytes of %d: %v", n, len(img.Bytes), err)
		}
	}
	longer := append(bytes.Clone(img.Bytes), make([]byte, Align)...)
	if err := readImage(longer, t, codec); !errors.Is(err, chunk.ErrDamaged) {
		t.Fatalf("a page more: %v", err)
	}
}

// Whoever swaps frames, or the tables of two packs, is found out by what the
// encryption covers.
func TestMovedPartsAreFound(t *testing.T) {
	codec, aead := testCodec(t, "off"), testCipher(t)
	build := func(header [HeaderSize]byte, parts ...string) []byte {
		b := NewBuilder(header, aead, DataPack, make([]byte, 0, 64<<10))
		var s Scratch
		for _, p := range parts {
			add(t, b, codec, &s, chunk.Data, []byte(p))
		}
		img, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return img.Bytes
	}
	image := build(testHeader(DataPack), "first", "other")
	swapped := bytes.Clone(image)
	n := 5 + tagSize
	copy(swapped[HeaderSize:], image[HeaderSize+n:][:n])
	copy(swapped[HeaderSize+n:], image[HeaderSize:][:n])
	if err := readImage(swapped, t, codec); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("swapped frames: %v", err)
	}
	header := testHeader(DataPack)
	header[500] ^= 1
	foreign := build(header, "first", "other")
	copy(foreign, image[:HeaderSize])
	if err := readImage(foreign, t, codec); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("a table under another header: %v", err)
	}
}

// A pack whose writer had all keys and lied about the plaintext.
func TestWrongPlaintextIsFound(t *testing.T) {
	codec := testCodec(t, "off")
	for _, size := range []int{10, chunk.FrameSize + 10} {
		p := make([]byte, size)
		ref, hashes := testKeys.Name(chunk.Data, p, nil)
		var s Scratch
		frames := codec.Frames(&s, p, hashes)
		p[size-1] = 1
		b := NewBuilder(testHeader(DataPack), testCipher(t), DataPack, nil)
		if ok, err := b.Add(ref, frames); !ok || err != nil {
			t.Fatal(err)
		}
		img, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		o, err := openImage(img.Bytes, testCipher(t), codec)
		if err != nil {
			t.Fatal(err)
		}
		last := ref.Frames() - 1
		if out, err := o.frames([]byte("x"), 0, last, last+1); !errors.Is(err, chunk.ErrDamaged) || string(out) != "x" {
			t.Errorf("%d bytes: %q, %v", size, out, err)
		}
	}
}

func TestAddRefusesWrongFrames(t *testing.T) {
	codec := testCodec(t, "off")
	p := make([]byte, chunk.FrameSize+10)
	ref, hashes := testKeys.Name(chunk.Data, p, nil)
	var s Scratch
	good := codec.Frames(&s, p, hashes)
	for name, frames := range map[string][]Frame{
		"none":                nil,
		"too few":             good[:1],
		"too many":            append(good[:2:2], good[0]),
		"another length":      {good[0], {Data: p[:11]}},
		"no bytes":            {good[0], {Comp: Zstd}},
		"unknown compression": {good[0], {Data: p[:10], Comp: 2}},
	} {
		b := NewBuilder(testHeader(DataPack), testCipher(t), DataPack, nil)
		if ok, err := b.Add(ref, frames); ok || err == nil {
			t.Errorf("%s: added", name)
		}
		if b.Chunks() != 0 {
			t.Errorf("%s: counted", name)
		}
	}
	b := NewBuilder(testHeader(DataPack), testCipher(t), DataPack, nil)
	for _, bad := range []chunk.Ref{{}, {Kind: 4, Size: 1}, {Kind: chunk.Data}, {Kind: chunk.Data, Size: chunk.MaxSize + 1}} {
		if ok, err := b.Add(bad, good[:1]); ok || err == nil {
			t.Errorf("%v: added", bad)
		}
	}
}

func TestTrailer(t *testing.T) {
	trailer := func(length uint32, offset uint64, magic string) []byte {
		p := binary.LittleEndian.AppendUint32(nil, length)
		return append(binary.LittleEndian.AppendUint64(p, offset), magic...)
	}
	const size = 2 * Align
	for _, c := range []struct {
		name string
		last []byte
		size int64
		good bool
	}{
		{"good", trailer(1000, 4200, "IVYT"), size, true},
		{"up to the trailer", trailer(size-16-1300, 1300, "IVYT"), size, true},
		{"least padding too much", trailer(100, 3980, "IVYT"), size, false},
		{"most padding", trailer(100, 3981, "IVYT"), size, true},
		{"magic", trailer(1000, 4200, "IVYt"), size, false},
		{"short", trailer(1000, 4200, "IVYT")[:15], size, false},
		{"no size", trailer(1000, 4200, "IVYT"), 0, false},
		{"negative size", trailer(1000, 4200, "IVYT"), -Align, false},
		{"uneven size", trailer(1000, 4200, "IVYT"), size + 1, false},
		{"huge size", trailer(1000, 4200, "IVYT"), MaxSize + Align, false},
		{"in the header", trailer(6900, 1199, "IVYT"), size, false},
		{"no frames", trailer(6900, 1200, "IVYT"), size, false},
		{"empty table", trailer(16, 8100, "IVYT"), size, false},
		{"over the trailer", trailer(1000, size-16-999, "IVYT"), size, false},
		{"huge length", trailer(1<<32-1, 4200, "IVYT"), size, false},
		{"huge offset", trailer(1000, 1<<64-1, "IVYT"), size, false},
		{"offset that wraps", trailer(1000, 1<<63+4200, "IVYT"), size, false},
	} {
		tr, err := ParseTrailer(c.last, c.size)
		if (err == nil) != c.good || (err != nil && !errors.Is(err, chunk.ErrDamaged)) {
			t.Errorf("%s: %+v, %v", c.name, tr, err)
		}
	}
}
