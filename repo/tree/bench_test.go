package tree

import (
	"context"
	"testing"

	"ivyvault/chunk"
)

// nowhere is a store that keeps nothing.
type nowhere struct{ n uint64 }

func (s *nowhere) Put(_ context.Context, k chunk.Kind, p []byte) (chunk.Ref, error) {
	s.n++
	r := chunk.Ref{Kind: k, Size: uint32(len(p))}
	for i := range 8 {
		r.ID[i] = byte(s.n >> (8 * i))
	}
	return r, nil
}

func page320(b *testing.B) []byte {
	p, err := EncodeLeaf(tinyFiles(320))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(p))/320, "bytes/entry")
	return p
}

func BenchmarkDirWriter100k(b *testing.B) {
	nodes := tinyFiles(100000)
	w := NewDirWriter(&nowhere{}, testCut)
	b.ReportAllocs()
	for b.Loop() {
		for i := range nodes {
			if err := w.Add(b.Context(), &nodes[i]); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := w.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100000, "ns/entry")
}

func BenchmarkEncodePage(b *testing.B) {
	nodes := tinyFiles(320)
	var l leaf
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		l.reset()
		for i := range nodes {
			l.add(&nodes[i])
		}
		buf = l.appendPage(buf[:0])
	}
}

func BenchmarkParsePage(b *testing.B) {
	p := page320(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePage(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeNodes(b *testing.B) {
	p := page320(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeNodes(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPageDecodeAll(b *testing.B) {
	p, err := ParsePage(page320(b))
	if err != nil {
		b.Fatal(err)
	}
	var n Node
	b.ReportAllocs()
	for b.Loop() {
		for i := range p.Len() {
			p.Decode(i, &n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	p, err := ParsePage(page320(b))
	if err != nil {
		b.Fatal(err)
	}
	name := []byte("document-00000200.json")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.Find(name); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	m := newMemory()
	nodes := tinyFiles(100000)
	w := NewDirWriter(m, testCut)
	for i := range nodes {
		if err := w.Add(b.Context(), &nodes[i]); err != nil {
			b.Fatal(err)
		}
	}
	dir, _ := w.Close(b.Context())
	rd := NewReader(m, contentHash, 64<<20)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := rd.Lookup(b.Context(), dir, nodes[i*7919%len(nodes)].Name); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBundler(b *testing.B) {
	content := make([]byte, 1000)
	ctx := b.Context()
	w := NewBundler(&nowhere{}, func(job func(context.Context)) { job(ctx) })
	b.SetBytes(1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Add(content, chunk.ID{8: byte(i), 9: byte(i >> 8), 15: byte(i * 37)})
	}
}
