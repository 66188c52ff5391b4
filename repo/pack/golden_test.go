package pack

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"ivyvault/chunk"
)

var update = flag.Bool("update", false, "write the golden files anew: only when the format's version changes")

// The golden packs must open for ever. The one without compression must come
// out the same again; what zstd makes may change with its version.
func TestGoldenPacks(t *testing.T) {
	aead := testCipher(t)
	data := [][]byte{
		append(bytes.Repeat([]byte("ivy "), chunk.FrameSize/4), "the end"...),
		bytes.Repeat([]byte("a table dump\n"), 40),
		[]byte("x"),
	}
	pages := [][]byte{[]byte("a page of a directory"), []byte("a page of a list"), []byte("another page")}
	for _, c := range []struct {
		name, level string
		kinds       []chunk.Kind
		plains      [][]byte
		same        bool
	}{
		{"data-zstd", "default", []chunk.Kind{chunk.Data, chunk.Data, chunk.Data}, data, false},
		{"tree-raw", "off", []chunk.Kind{chunk.Page, chunk.List, chunk.Page}, pages, true},
	} {
		codec := testCodec(t, c.level)
		kind := KindFor(c.kinds[0])
		b := NewBuilder(testHeader(kind), aead, kind, make([]byte, 0, 64<<10))
		var s Scratch
		for i, p := range c.plains {
			if _, ok := add(t, b, codec, &s, c.kinds[i], p); !ok {
				t.Fatal("it does not fit")
			}
		}
		img, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", c.name+".pack")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, img.Bytes, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.same && !bytes.Equal(kept, img.Bytes) {
			t.Errorf("%s: the same chunks give another image than the golden file", c.name)
		}
		o, err := openImage(kept, aead, codec)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if o.table.Len() != len(c.plains) {
			t.Errorf("%s: %d chunks", c.name, o.table.Len())
		}
		for i, p := range c.plains {
			ref, _ := testKeys.Name(c.kinds[i], p, nil)
			got, err := o.frames(nil, i, 0, ref.Frames())
			if o.table.Entry(i).Ref != ref || err != nil || !bytes.Equal(got, p) {
				t.Errorf("%s: chunk %d: %v", c.name, i, err)
			}
		}
	}
}
