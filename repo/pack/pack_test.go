package pack

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"ivyvault/chunk"
)

var testKeys = chunk.NewKeys([32]byte{1, 2, 3})

func testCipher(t testing.TB) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

func testHeader(kind uint8) (h [HeaderSize]byte) {
	copy(h[:], "IvyVault\x00\x03")
	h[12] = kind
	for i := 16; i < HeaderSize; i++ {
		h[i] = byte(i * 31)
	}
	return h
}

func testCodec(t testing.TB, level string) *Codec {
	t.Helper()
	c, err := NewCodec(level)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// random returns a source whose seed is printed when the test fails.
func random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

func noise(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// text returns n bytes that compress about as well as a table dump.
func text(r *rand.Rand, n int) []byte {
	var b bytes.Buffer
	words := []string{"task", "case", "ivy", "process", "pending", "2026-01-17T", "user", "NULL", "true"}
	for b.Len() < n {
		fmt.Fprintf(&b, "%d,%s,%s,%x\n", r.IntN(100000), words[r.IntN(len(words))], words[r.IntN(len(words))], r.Uint32())
	}
	return b.Bytes()[:n]
}

// opened is a stored pack as a reader sees it.
type opened struct {
	image   []byte
	trailer Trailer
	table   *Table
	aead    cipher.AEAD
	codec   *Codec
}

func openImage(image []byte, aead cipher.AEAD, codec *Codec) (*opened, error) {
	if len(image) < TrailerSize {
		return nil, damaged("cut", nil)
	}
	tr, err := ParseTrailer(image[len(image)-TrailerSize:], int64(len(image)))
	if err != nil {
		return nil, err
	}
	table, err := OpenTable(aead, image[:HeaderSize], tr, image[tr.Offset:tr.Offset+tr.Length], testKeys)
	if err != nil {
		return nil, err
	}
	off, n := tr.Padding()
	if err := CheckPadding(image[off : off+n]); err != nil {
		return nil, err
	}
	return &opened{image, tr, table, aead, codec}, nil
}

func (o *opened) frames(dst []byte, i, a, b int) ([]byte, error) {
	off, n := o.table.Range(i, a, b)
	return o.table.OpenFrames(dst, o.image[off:off+n], o.aead, i, a, b, o.codec, testKeys)
}

func (o *opened) readAll() error {
	for i := range o.table.Len() {
		if _, err := o.frames(nil, i, 0, o.table.Entry(i).Ref.Frames()); err != nil {
			return err
		}
	}
	return nil
}

func add(t testing.TB, b *Builder, c *Codec, s *Scratch, kind chunk.Kind, p []byte) (chunk.Ref, bool) {
	t.Helper()
	ref, hashes := testKeys.Name(kind, p, nil)
	ok, err := b.Add(ref, c.Frames(s, p, hashes))
	if err != nil {
		t.Fatal(err)
	}
	return ref, ok
}

func TestRoundTrip(t *testing.T) {
	r := random(t)
	aead := testCipher(t)
	for _, level := range Levels() {
		codec := testCodec(t, level)
		for _, kinds := range [][]chunk.Kind{{chunk.Data}, {chunk.Page, chunk.List}} {
			packKind := KindFor(kinds[0])
			b := NewBuilder(testHeader(packKind), aead, packKind, make([]byte, 0, 6<<20))
			var s Scratch
			var plains [][]byte
			var refs []chunk.Ref
			sizes := []int{1, chunk.FrameSize, chunk.FrameSize + 1, r.IntN(3<<20) + 1, r.IntN(1<<20) + 1, r.IntN(100) + 1, r.IntN(30000) + 1}
			for _, size := range sizes {
				make := noise
				if r.IntN(2) == 0 {
					make = text
				}
				p := make(r, size)
				ref, ok := add(t, b, codec, &s, kinds[r.IntN(len(kinds))], p)
				if ok {
					plains, refs = append(plains, p), append(refs, ref)
				}
			}
			size := b.Size()
			img, err := b.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if len(img.Bytes) != size || size%Align != 0 || img.Kind != packKind {
				t.Fatalf("%d bytes, promised were %d", len(img.Bytes), size)
			}
			o, err := openImage(img.Bytes, aead, codec)
			if err != nil {
				t.Fatal(err)
			}
			if o.table.Len() != len(refs) || len(img.Entries) != len(refs) {
				t.Fatalf("%d chunks of %d", o.table.Len(), len(refs))
			}
			at := int64(HeaderSize)
			for i, ref := range refs {
				if e := o.table.Entry(i); e.Ref != ref || e != img.Entries[i] {
					t.Fatalf("entry %d: %v, %v, added was %v", i, e, img.Entries[i], ref)
				}
				if off, n := o.table.Range(i, 0, ref.Frames()); off != at || n != int64(img.Entries[i].Stored) {
					t.Fatalf("chunk %d at %d, %d bytes", i, off, n)
				}
				at += int64(img.Entries[i].Stored)
				if j, ok := o.table.Find(ref.ID); !ok || refs[j] != ref {
					t.Fatalf("chunk %d not found", i)
				}
				a := r.IntN(ref.Frames())
				z := a + 1 + r.IntN(ref.Frames()-a)
				for _, part := range [][2]int{{0, ref.Frames()}, {a, z}} {
					got, err := o.frames([]byte("before"), i, part[0], part[1])
					want := plains[i][part[0]*chunk.FrameSize : min(part[1]*chunk.FrameSize, len(plains[i]))]
					if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], want) {
						t.Fatalf("frames %v of chunk %d of %d bytes came back changed: %v", part, i, ref.Size, err)
					}
				}
			}
			if _, ok := o.table.Find(chunk.ID{}); ok {
				t.Error("found what was never added")
			}
		}
	}
}

func TestConcurrentAdd(t *testing.T) {
	aead := testCipher(t)
	codec := testCodec(t, "fastest")
	b := NewBuilder(testHeader(DataPack), aead, DataPack, make([]byte, 0, 1<<20))
	var mu sync.Mutex
	added := map[chunk.Ref][]byte{}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 5))
			var s Scratch
			for {
				p := text(r, r.IntN(300<<10)+1)
				ref, hashes := testKeys.Name(chunk.Data, p, nil)
				ok, err := b.Add(ref, codec.Frames(&s, p, hashes))
				if err != nil {
					t.Error(err)
				}
				if !ok {
					return
				}
				mu.Lock()
				added[ref] = p
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	img, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if len(img.Bytes) > 1<<20 || len(img.Entries) != len(added) || len(added) == 0 {
		t.Fatalf("%d bytes, %d chunks of %d", len(img.Bytes), len(img.Entries), len(added))
	}
	o, err := openImage(img.Bytes, aead, codec)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Entries {
		ref := img.Entries[i].Ref
		got, err := o.frames(nil, i, 0, ref.Frames())
		if err != nil || !bytes.Equal(got, added[ref]) {
			t.Fatalf("chunk %d: %v", i, err)
		}
	}
}

func TestFullAndFinished(t *testing.T) {
	aead, codec, r := testCipher(t), testCodec(t, "off"), random(t)
	var s Scratch
	b := NewBuilder(testHeader(DataPack), aead, DataPack, make([]byte, 0, 64<<10))
	if _, ok := add(t, b, codec, &s, chunk.Data, noise(r, 200<<10)); !ok {
		t.Fatal("a chunk larger than the pack got no pack of its own")
	}
	if _, ok := add(t, b, codec, &s, chunk.Data, noise(r, 8<<10)); ok {
		t.Error("a full pack took another chunk")
	}
	img, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if o, err := openImage(img.Bytes, aead, codec); err != nil || o.readAll() != nil {
		t.Error(err)
	}
	if _, ok := add(t, b, codec, &s, chunk.Data, []byte("x")); ok {
		t.Error("a finished pack took another chunk")
	}
	if _, err := b.Finish(); err == nil {
		t.Error("finished twice")
	}
	if _, err := NewBuilder(testHeader(DataPack), aead, DataPack, nil).Finish(); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty pack: %v", err)
	}
	ref, hashes := testKeys.Name(chunk.Page, []byte("x"), nil)
	if _, err := NewBuilder(testHeader(DataPack), aead, DataPack, nil).Add(ref, codec.Frames(&s, []byte("x"), hashes)); err == nil {
		t.Error("a page went into a data pack")
	}
}
