package tree

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ivyvault/chunk"
)

func noise(r *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:n]
}

func letter(r *rand.Rand, n int) []byte {
	words := strings.Fields("the claim of our customer was approved on Monday by department 17 and paid with interest")
	var b []byte
	for len(b) < n {
		b = append(append(b, words[r.IntN(len(words))]...), ' ')
	}
	return b[:n]
}

func TestIsDense(t *testing.T) {
	r := seeded(t)
	packed := func(p []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(p)
		w.Close()
		return b.Bytes()
	}
	for range 20 {
		n := 200 + r.IntN(60_000)
		for name, c := range map[string]struct {
			content []byte
			dense   bool
		}{
			"noise":                           {noise(r, n), true},
			"compressed":                      {packed(letter(r, max(n, 20_000))), true},
			"a header of text, then noise":    {append([]byte("%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nstream\n"), noise(r, n+200)...), true},
			"text":                            {letter(r, n), false},
			"base64":                          {base64.StdEncoding.AppendEncode(nil, noise(r, n)), false},
			"hexadecimal digits":              {hex.AppendEncode(nil, noise(r, n)), false},
			"zeros":                           {make([]byte, n), false},
			"little numbers of 32 bits":       {bytes.Repeat([]byte{byte(r.IntN(256)), byte(r.IntN(4)), 0, 0}, n/4+1), false},
			"half text, half noise, in turns": {bytes.Join([][]byte{letter(r, n/4), noise(r, n/4), letter(r, n/4), noise(r, n/4)}, nil), false},
			"too little to tell":              {noise(r, 1+r.IntN(denseLeast-1)), false},
		} {
			if isDense(c.content) != c.dense {
				t.Fatalf("%s, %d bytes: not taken for %v", name, len(c.content), c.dense)
			}
		}
	}
}

// Scans between letters: no bundle holds both, and each sort keeps its order.
func TestDenseContentsLieApart(t *testing.T) {
	r := seeded(t)
	m := newMemory()
	w := NewBundler(m, func(job func(context.Context)) { job(t.Context()) })
	var waiting []Pending
	var scans []bool
	for i := range 600 {
		scan := i%3 == 0
		content := letter(r, 500+r.IntN(30_000))
		if scan {
			content = noise(r, 500+r.IntN(30_000))
		}
		waiting, scans = append(waiting, w.Add(content, contentHash(content))), append(scans, scan)
	}
	w.Flush()
	sort := map[chunk.Ref]bool{}
	var order [2][]chunk.Ref
	for i, p := range waiting {
		c, err := p.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if scan, known := sort[c.Ref]; known && scan != scans[i] {
			t.Fatalf("content %d lies in a bundle of the other sort", i)
		}
		sort[c.Ref] = scans[i]
		which := 0
		if scans[i] {
			which = 1
		}
		if n := len(order[which]); n == 0 || order[which][n-1] != c.Ref {
			if slices.Contains(order[which], c.Ref) {
				t.Fatalf("content %d lies in a bundle that was ended before", i)
			}
			order[which] = append(order[which], c.Ref)
		}
	}
	if len(order[0]) < 3 || len(order[1]) < 2 {
		t.Fatalf("%d and %d bundles: the test shows nothing", len(order[0]), len(order[1]))
	}
}
