package pack

import (
	"bytes"
	"compress/flate"
	"testing"

	"ivyvault/chunk"
)

func TestCompress(t *testing.T) {
	r := random(t)
	for _, level := range Levels() {
		codec := testCodec(t, level)
		for _, c := range []struct {
			name string
			p    []byte
			comp uint8
		}{
			{"text", text(r, chunk.FrameSize), Zstd},
			{"short text", bytes.Repeat([]byte("ivy "), 20), Zstd},
			{"zeros", make([]byte, chunk.FrameSize), Zstd},
			{"tiny", []byte("ivy"), Raw},
			{"noise", noise(r, chunk.FrameSize), Raw},
			{"short noise", noise(r, 1000), Raw},
		} {
			if level == "off" {
				c.comp = Raw
			}
			before := []byte("before")
			out, comp := codec.Compress(before, c.p)
			if comp != c.comp || !bytes.HasPrefix(out, before) {
				t.Errorf("%s, %s: compression %d", level, c.name, comp)
				continue
			}
			if comp == Raw {
				if len(out) != len(before) {
					t.Errorf("%s, %s: %d bytes appended", level, c.name, len(out)-len(before))
				}
				continue
			}
			if len(out)-len(before) > len(c.p)-len(c.p)/leastSaving {
				t.Errorf("%s, %s: kept though it saves little", level, c.name)
			}
			got, err := codec.Decompress(nil, out[len(before):], len(c.p))
			if err != nil || !bytes.Equal(got, c.p) {
				t.Errorf("%s, %s: %v", level, c.name, err)
			}
		}
	}
}

// A frame that would decode to a gigabyte takes the memory of what the table
// promises and no more.
func TestDecompressIsBounded(t *testing.T) {
	codec := testCodec(t, "fastest")
	bomb := codec.encoder.EncodeAll(make([]byte, 32<<20), nil)
	for _, n := range []int{0, 1, chunk.FrameSize} {
		out, err := codec.Decompress(nil, bomb, n)
		if err == nil || cap(out) > n+64 {
			t.Errorf("%d bytes promised: %d of memory, %v", n, cap(out), err)
		}
	}
	short, _ := codec.Compress(nil, make([]byte, 1000))
	if _, err := codec.Decompress(nil, short, 1001); err == nil {
		t.Error("a plaintext shorter than promised was taken")
	}
}

func TestUnknownLevel(t *testing.T) {
	if _, err := NewCodec("max"); err == nil {
		t.Error("level max was made")
	}
}

func TestFramesOfOneChunkDoNotOverlap(t *testing.T) {
	r := random(t)
	codec := testCodec(t, "fastest")
	var s Scratch
	for range 20 {
		var p []byte
		for range 1 + r.IntN(5) {
			if r.IntN(2) == 0 {
				p = append(p, noise(r, 1+r.IntN(chunk.FrameSize))...)
			} else {
				p = append(p, text(r, 1+r.IntN(chunk.FrameSize))...)
			}
		}
		_, hashes := testKeys.Name(chunk.Data, p, nil)
		var got []byte
		for i, f := range codec.Frames(&s, p, hashes) {
			if f.Hash != hashes[i] {
				t.Fatal("another hash")
			}
			var err error
			if f.Comp == Raw {
				got = append(got, f.Data...)
			} else if got, err = codec.Decompress(got, f.Data, frameSize(uint32(len(p)), i)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, p) {
			t.Fatal("the frames are not those of the chunk")
		}
	}
}

// deflated returns n bytes as they stand in archives: compressed, but not
// quite noise.
func deflated(t testing.TB, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	r := random(t)
	for out.Len() < n {
		if _, err := w.Write(text(r, 64<<10)); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()[:n]
}
