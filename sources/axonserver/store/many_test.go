package store_test

import (
	"io/fs"
	"sync/atomic"
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/store"
)

// counting counts opened files.
type counting struct {
	fs.FS
	opened atomic.Int64
	most   atomic.Int64 // at one time
	now    atomic.Int64
}

var _ fs.FS = (*counting)(nil)

func (c *counting) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return f, err
	}
	c.opened.Add(1)
	if now := c.now.Add(1); now > c.most.Load() {
		c.most.Store(now)
	}
	return &countedFile{f, c}, nil
}

type countedFile struct {
	fs.File
	c *counting
}

func (f *countedFile) Close() error {
	f.c.now.Add(-1)
	return f.File.Close()
}

// Ten thousand segments: each is opened once, no more at a time than readers
// there are; to read one event, one file is opened.
func TestManySegments(t *testing.T) {
	s := axontest.NewStore("default")
	files := axontest.Write(axontest.Shape{SegmentSize: 64}, 0, axontest.Orders(10, 1000, 1)...)
	s.AddEvents(0, files...)
	c := &counting{FS: s}
	r, err := store.Verify(t.Context(), c, store.Options{Readers: 3})
	if err != nil || r.Damaged || r.Contexts[0].Events.Events != 10_000 || len(files) != 10_000 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if c.opened.Load() != int64(len(files)) || c.most.Load() > 3 || c.now.Load() != 0 {
		t.Errorf("%d files opened, %d at a time, %d left open", c.opened.Load(), c.most.Load(), c.now.Load())
	}
	c.opened.Store(0)
	found, err := store.Find(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range found.Contexts[0].Read(t.Context(), c, store.Query{From: 5000, To: 5000}) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 1 || c.opened.Load() != 1 {
		t.Errorf("%d events out of %d files", n, c.opened.Load())
	}
}
