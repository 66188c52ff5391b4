package tap_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/dir"
	"ivyvault/sources/folder"
	"ivyvault/sources/listing"
	"ivyvault/sources/sourcetest"
	"ivyvault/sources/tap"
)

// watcher writes down what it is told.
type watcher struct {
	mu      sync.Mutex
	begun   int
	entries []string
	lost    map[string]error
	got     map[string][]byte
	whole   map[string]bool
}

func (w *watcher) Begin() {
	w.begun++
	w.lost, w.got, w.whole = map[string]error{}, map[string][]byte{}, map[string]bool{}
}
func (w *watcher) Entry(_ context.Context, e *sources.Entry) { w.entries = append(w.entries, e.Path) }
func (w *watcher) Lost(path string, err error)               { w.mu.Lock(); defer w.mu.Unlock(); w.lost[path] = err }
func (w *watcher) Open(path string) tap.Sink {
	if filepath.Base(path) == "quiet" {
		return nil
	}
	return &sink{w: w, path: path}
}

type sink struct {
	w    *watcher
	path string
	b    bytes.Buffer
}

func (s *sink) Take(p []byte) { s.b.Write(p) }
func (s *sink) End(whole bool) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.got[s.path], s.w.whole[s.path] = s.b.Bytes(), whole
}

func watchedFolder(t *testing.T) sources.Source {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"a/loud", "a/quiet", "b"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte("content of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := folder.New(root, dir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A source that is watched is a source like any other.
func TestSource(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sources.Source { return tap.New(watchedFolder(t), &watcher{}) })
}

func TestSameAsUnwatched(t *testing.T) {
	s, w := watchedFolder(t), &watcher{}
	plain, watched := sourcetest.Collect(t, s, true), sourcetest.Collect(t, tap.New(s, w), true)
	if len(plain) != len(watched) || len(plain) < 4 {
		t.Fatalf("%d entries, %d of them watched", len(plain), len(watched))
	}
	for i := range plain {
		plain[i].Entry.Item, watched[i].Entry.Item = nil, nil
		if plain[i].String() != watched[i].String() {
			t.Errorf("%v becomes %v", plain[i], watched[i])
		}
	}
	if w.begun != 1 || len(w.entries) != len(plain) {
		t.Errorf("told of %d captures and %v", w.begun, w.entries)
	}
	if string(w.got["a/loud"]) != "content of a/loud" || !w.whole["a/loud"] || w.got["a/quiet"] != nil {
		t.Errorf("the sinks got %q", w.got)
	}
}

// broken yields a file that can't be opened, one that is cut off, and a finding.
type broken struct{}

func (broken) Capture(context.Context) (sources.Capture, error) { return broken{}, nil }
func (broken) Close(context.Context) error                      { return nil }
func (broken) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		gone := listing.File{Path: "gone", MTime: time.Unix(1, 0), Open: func(context.Context) (io.ReadCloser, error) { return nil, os.ErrNotExist }}
		cut := listing.Bytes("cut", []byte("not all of this is read"), time.Unix(1, 0))
		for e, err := range listing.Entries(ctx, []listing.File{cut, gone}) {
			if !yield(e, err) {
				return
			}
		}
		yield(sources.Entry{Path: "refused"}, &sources.Finding{Path: "refused", What: "open", Err: os.ErrPermission})
	}
}

func TestLost(t *testing.T) {
	w := &watcher{}
	c, err := tap.New(broken{}, w).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			continue
		}
		r, err := e.Open(t.Context())
		if err != nil {
			continue
		}
		_, _ = r.Read(make([]byte, 4))
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Error(err)
		}
	}
	if !errors.Is(w.lost["gone"], os.ErrNotExist) || !errors.Is(w.lost["refused"], os.ErrPermission) || len(w.lost) != 2 {
		t.Errorf("lost: %v", w.lost)
	}
	if string(w.got["cut"]) != "not " || w.whole["cut"] {
		t.Errorf("what was cut off: %q, whole %v", w.got["cut"], w.whole["cut"])
	}
}

// Who knows the size need not ask for more.
func TestReadBySize(t *testing.T) {
	w := &watcher{}
	c, err := tap.New(watchedFolder(t), w).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Path != "b" {
			continue
		}
		r, err := e.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, e.Attr.Size)); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	if !w.whole["b"] || string(w.got["b"]) != "content of b" {
		t.Errorf("got %q, whole %v", w.got["b"], w.whole["b"])
	}
}

// known is a source with all that a source can have.
type known struct {
	broken
	state string
}

func (k *known) Continue(state []byte) error                      { k.state = string(state); return nil }
func (k *known) Capture(context.Context) (sources.Capture, error) { return k, nil }
func (k *known) Facts(context.Context) (sources.Facts, error) {
	return sources.Facts{Product: "known"}, nil
}
func (k *known) State() ([]byte, error) { return []byte(k.state + "!"), nil }
func (k *known) Root() (sources.Attr, []sources.Xattr, bool) {
	return sources.Attr{Mode: 0o751}, nil, true
}

func TestPassesOn(t *testing.T) {
	s := tap.New(&known{}, &watcher{})
	if err := s.Continue([]byte("before")); err != nil {
		t.Fatal(err)
	}
	c, err := s.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.(sources.Described).Facts(t.Context())
	state, _ := c.(sources.Stateful).State()
	attr, _, ok := c.(sources.Rooted).Root()
	if f.Product != "known" || string(state) != "before!" || attr.Mode != 0o751 || !ok {
		t.Errorf("%+v %q %+v %v", f, state, attr, ok)
	}
	if tap.New(broken{}, &watcher{}).Continue(nil) == nil {
		t.Error("a source that knows nothing goes on")
	}
}
