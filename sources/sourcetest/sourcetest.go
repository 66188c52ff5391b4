// Package sourcetest holds what every sources.Source must do, as a test that
// each implementation runs, and stand-ins for tests of those that use one.
package sourcetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"testing"

	"ivyvault/sources"
)

// Run checks a source of at least two entries whose content stands still while
// the test runs. New is called for each case.
func Run(t *testing.T, open func(t *testing.T) sources.Source) {
	t.Run("order", func(t *testing.T) { order(t, open(t)) })
	t.Run("twice the same", func(t *testing.T) { twice(t, open(t)) })
	t.Run("items outlive the walk", func(t *testing.T) { outlive(t, open(t)) })
	t.Run("breaking off", func(t *testing.T) { breakOff(t, open(t)) })
	t.Run("cancelling", func(t *testing.T) { cancelled(t, open(t)) })
	t.Run("capture under an ended context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if c, err := open(t).Capture(ctx); err == nil {
			c.Close(t.Context())
			t.Error("it succeeds")
		}
	})
}

// Line is one yielded pair in words, for comparing and printing.
type Line struct {
	Entry sources.Entry
	Err   error
	Sum   string // of a file's content
}

func (l Line) String() string {
	if l.Err != nil {
		return fmt.Sprintf("%q error: %v", l.Entry.Path, l.Err)
	}
	return fmt.Sprintf("%q %+v stamp=%x target=%q sum=%s", l.Entry.Path, l.Entry.Attr, l.Entry.Stamp, l.Entry.Target, l.Sum)
}

// Collect captures a source and returns all that it yields, with the sums of
// the contents where read is set.
func Collect(t *testing.T, s sources.Source, read bool) []Line {
	t.Helper()
	c := capture(t, s)
	return collect(t, c, read)
}

func capture(t *testing.T, s sources.Source) sources.Capture {
	t.Helper()
	c, err := s.Capture(t.Context())
	if err != nil {
		t.Fatalf("capture: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

func collect(t *testing.T, c sources.Capture, read bool) []Line {
	t.Helper()
	var out []Line
	for e, err := range c.Entries(t.Context()) {
		l := Line{Entry: e, Err: err}
		if err == nil && read && e.Attr.Type == sources.File {
			l.Sum = sum(t, &e)
		}
		out = append(out, l)
	}
	return out
}

func sum(t *testing.T, e *sources.Entry) string {
	r, err := e.Open(t.Context())
	if err != nil {
		return "error: " + err.Error()
	}
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		t.Errorf("read %q: %v", e.Path, err)
	}
	// How long a stream is shows only when it was read: it says 0, and is always read.
	stream := e.Attr.Size == 0 && e.Stamp != nil && len(e.Stamp) == 0
	if uint64(n) != e.Attr.Size && !stream {
		t.Errorf("%q holds %d bytes, its size is %d", e.Path, n, e.Attr.Size)
	}
	if c, ok := r.(sources.Checker); ok {
		if changed, err := c.Changed(); changed || err != nil {
			t.Errorf("%q is said to have changed (%v, %v)", e.Path, changed, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Errorf("close %q: %v", e.Path, err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func order(t *testing.T, s sources.Source) {
	dirs := map[string]bool{".": true}
	last := ""
	n := 0
	for _, l := range Collect(t, s, false) {
		p := l.Entry.Path
		if p == "" {
			t.Fatalf("an entry without a path: %v", l)
		}
		if p != path.Clean(p) || strings.HasPrefix(p, "/") || strings.HasPrefix(p, "../") {
			t.Errorf("the path %q isn't clean and relative", p)
		}
		if !dirs[path.Dir(p)] {
			t.Errorf("%q comes without its directory before it", p)
		}
		if l.Err != nil {
			checkError(t, l)
			continue
		}
		n++
		if last != "" && sources.Compare(last, p) >= 0 {
			t.Errorf("%q comes after %q", p, last)
		}
		last = p
		if l.Entry.Attr.Type == 0 {
			t.Errorf("%q has no type", p)
		}
		if l.Entry.Attr.Type == sources.Dir {
			dirs[p] = true
		}
	}
	if n < 2 {
		t.Errorf("only %d entries: the test needs two", n)
	}
}

func checkError(t *testing.T, l Line) {
	var f *sources.Finding
	var n *sources.Notice
	switch {
	case errors.As(l.Err, &n) && n.Path == l.Entry.Path:
	case errors.As(l.Err, &f) && f.Path == l.Entry.Path:
	default:
		t.Errorf("%q: the error is neither a finding nor a notice about it: %v", l.Entry.Path, l.Err)
	}
}

func twice(t *testing.T, s sources.Source) {
	c := capture(t, s)
	a, b := collect(t, c, true), collect(t, c, true)
	d := Collect(t, s, true)
	for name, other := range map[string][]Line{"second walk": b, "second capture": d} {
		if len(a) != len(other) {
			t.Errorf("%s: %d entries, then %d", name, len(a), len(other))
			continue
		}
		for i := range a {
			if a[i].String() != other[i].String() {
				t.Errorf("%s: %v, then %v", name, a[i], other[i])
			}
		}
	}
}

// outlive reads all contents after the walk, several at a time.
func outlive(t *testing.T, s sources.Source) {
	c := capture(t, s)
	want := collect(t, c, true)
	kept := collect(t, c, false)
	var wg sync.WaitGroup
	for i := range kept {
		if kept[i].Err != nil || kept[i].Entry.Attr.Type != sources.File {
			continue
		}
		wg.Go(func() {
			if got := sum(t, &kept[i].Entry); got != want[i].Sum {
				t.Errorf("%q read later: %s, before: %s", kept[i].Entry.Path, got, want[i].Sum)
			}
		})
	}
	wg.Wait()
}

func breakOff(t *testing.T, s sources.Source) {
	c := capture(t, s)
	for range c.Entries(t.Context()) {
		break
	}
	if n := len(collect(t, c, false)); n < 2 {
		t.Errorf("%d entries after a walk that was broken off", n)
	}
}

func cancelled(t *testing.T, s sources.Source) {
	c := capture(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := false
	n := 0
	for e, err := range c.Entries(ctx) {
		if ended {
			t.Fatalf("%q comes after the end", e.Path)
		}
		n++
		if e.Path == "" {
			ended = true
			if !errors.Is(err, context.Canceled) {
				t.Errorf("it ends with %v, not with the context's error", err)
			}
		}
	}
	if !ended {
		t.Errorf("%d entries came, and no error, under a context that had ended", n)
	}
}
