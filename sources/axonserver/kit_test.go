package axonserver_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/axonserver"
	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/axonserver/store"
)

// watched counts what is done to files, below everything that a part does.
type watched struct {
	mu     sync.Mutex
	opened []string
	stats  int
	open   int                         // now
	before func(op, name string) error // may be nil
}

var _ axonserver.Files = (*watched)(nil)

func (w *watched) do(op, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch op {
	case "open":
		w.opened = append(w.opened, filepath.Base(name))
	case "stat":
		w.stats++
	}
	if w.before != nil {
		return w.before(op, name)
	}
	return nil
}

func (w *watched) Open(name string) (axonserver.File, error) {
	if err := w.do("open", name); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.open++
	w.mu.Unlock()
	return &watchedFile{f, w, name}, nil
}

func (w *watched) Stat(name string) (fs.FileInfo, error) {
	if err := w.do("stat", name); err != nil {
		return nil, err
	}
	return os.Stat(name)
}

func (w *watched) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (w *watched) Remove(name string) error                   { return os.Remove(name) }

type watchedFile struct {
	*os.File
	w    *watched
	name string
}

func (f *watchedFile) Read(p []byte) (int, error) {
	if err := f.w.do("read", f.name); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *watchedFile) Close() error {
	f.w.mu.Lock()
	f.w.open--
	f.w.mu.Unlock()
	return f.File.Close()
}

// segments returns how many segments were opened, and forgets all.
func (w *watched) segments() (data, all int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.opened {
		if strings.HasSuffix(n, ".events") || strings.HasSuffix(n, ".snapshots") {
			data++
		}
	}
	all = len(w.opened)
	w.opened, w.stats = nil, 0
	return data, all
}

// kept is what a vault would have after a night.
type kept struct {
	fstest.MapFS
	stamps map[string]string
	state  []byte
	facts  sources.Facts
	read   int // files that were read
}

// night captures a part as a vault does: what has the stamp of the night before
// isn't read.
func night(t testing.TB, part sources.Source, last *kept) (*kept, error) {
	t.Helper()
	if c, ok := part.(sources.Continued); ok && last != nil && last.state != nil {
		if err := c.Continue(last.state); err != nil {
			return nil, err
		}
	}
	c, err := part.Capture(t.Context())
	if err != nil {
		return nil, err
	}
	k := &kept{MapFS: fstest.MapFS{}, stamps: map[string]string{}}
	err = k.fill(t, c, last)
	if d, ok := c.(sources.Described); ok && err == nil {
		k.facts, err = d.Facts(t.Context())
	}
	if s, ok := c.(sources.Stateful); ok && err == nil {
		k.state, err = s.State()
	}
	return k, errors.Join(err, c.Close(t.Context()))
}

func (k *kept) fill(t testing.TB, c sources.Capture, last *kept) error {
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			return err
		}
		if e.Attr.Type == sources.Dir {
			continue
		}
		if len(e.Stamp) > 0 && last != nil && last.stamps[e.Path] == string(e.Stamp) {
			k.MapFS[e.Path], k.stamps[e.Path] = last.MapFS[e.Path], last.stamps[e.Path]
			continue
		}
		r, err := e.Open(t.Context())
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		k.read++
		k.MapFS[e.Path] = &fstest.MapFile{Data: data, Mode: fs.FileMode(e.Attr.Mode), ModTime: time.Unix(e.Attr.MTime.Sec, 0)}
		k.stamps[e.Path] = string(e.Stamp)
	}
	return nil
}

// world is a server over a store on disk.
type world struct {
	*axontest.Server
	t     testing.TB
	dir   string // of the context default
	files *watched
	url   string
}

func newWorld(t testing.TB) *world {
	w := &world{Server: &axontest.Server{Root: t.TempDir(), Node: "axon-1", Shown: "/axonserver/."}, t: t, files: &watched{}}
	w.dir = filepath.Join(w.Root, "events", "default")
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w.url = w.Start(t)
	return w
}

// put puts a store's files into the context's folder.
func (w *world) put(s *axontest.Store) {
	axontest.WriteDir(w.t, s.MapFS, filepath.Join(w.Root, "events"))
}

func (w *world) config() axonserver.Config {
	return axonserver.Config{URLs: []string{w.url}, Events: "/axonserver/events", PathMap: map[string]string{"/axonserver": w.Root}}
}

func (w *world) env() axonserver.Env {
	return axonserver.Env{Files: w.files, Pause: time.Millisecond, Limit: 20 * time.Second}
}

func (w *world) part(kind segment.Kind) *axonserver.Segments {
	return axonserver.NewSegments(w.config(), kind, "default", w.env())
}

// name is the path of a file of a segment.
func (w *world) name(number int64, suffix string) string {
	return filepath.Join(w.dir, fmt.Sprintf("%020d%s", number, suffix))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// flip changes a byte of a file.
func (w *world) flip(name string, at int) {
	w.t.Helper()
	data, err := os.ReadFile(name)
	w.must(err)
	data[at] ^= 0x20
	w.must(os.WriteFile(name, data, 0o644))
}

// whole verifies a store and returns its report on the context.
func whole(t testing.TB, fsys fs.FS) store.ContextReport {
	t.Helper()
	r, err := store.Verify(t.Context(), fsys, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Contexts {
		for _, p := range c.Problems {
			if p.Cause != store.NoEvents {
				t.Errorf("%v", &p)
			}
		}
	}
	return r.Contexts[0]
}

func contains(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error does not say %q: %v", p, err)
		}
	}
}
