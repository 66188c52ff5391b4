package dir_test

import (
	"fmt"
	"io"
	"os"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/dir"
)

// forest makes files in folders, all empty: the walk doesn't read them.
func forest(b *testing.B, folders, files int) string {
	top := b.TempDir()
	for d := range folders {
		sub := fmt.Sprintf("%s/folder-%03d", top, d)
		if err := os.Mkdir(sub, 0o755); err != nil {
			b.Fatal(err)
		}
		for f := range files {
			// A name's beginning that says nothing of its place, as in real life.
			if err := os.WriteFile(fmt.Sprintf("%s/doc-%08x.txt", sub, uint32(f)*2654435761), nil, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	return top
}

func walkOnce(b *testing.B, s *dir.Source) (entries, longest int) {
	c, err := s.Capture(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(b.Context())
	for e, err := range c.Entries(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		entries++
		longest = max(longest, len(e.Path))
	}
	return entries, longest
}

func BenchmarkWalk(b *testing.B) {
	for _, size := range [][2]int{{200, 100}, {1, 20000}} {
		top := forest(b, size[0], size[1])
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			s := source(b, dir.Options{}, top)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n, _ = walkOnce(b, s)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/entry")
		})
	}
}

// BenchmarkWalkOf walks what IVYVAULT_WALK names, for large trees.
func BenchmarkWalkOf(b *testing.B) {
	top := os.Getenv("IVYVAULT_WALK")
	if top == "" {
		b.Skip("IVYVAULT_WALK names no directory")
	}
	s := source(b, dir.Options{}, top)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n, _ = walkOnce(b, s)
	}
	b.ReportMetric(float64(n), "entries")
}

// BenchmarkOpen opens, reads and closes small files, as a first backup does.
func BenchmarkOpen(b *testing.B) {
	top := forest(b, 1, 1000)
	c, err := source(b, dir.Options{}, top).Capture(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(b.Context())
	var files []sources.Entry
	for e := range c.Entries(b.Context()) {
		if e.Attr.Type == sources.File {
			files = append(files, e)
		}
	}
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r, err := files[i%len(files)].Open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Read(buf); err != io.EOF {
			b.Fatal(err)
		}
		if changed, err := r.(sources.Checker).Changed(); changed || err != nil {
			b.Fatal(changed, err)
		}
		if _, err := r.(sources.Attributed).Xattrs(); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
