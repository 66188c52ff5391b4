package dir

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"ivyvault/sources"
)

// descriptors counts the open files of this process that full made in top.
func descriptors(t *testing.T, top string) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range list {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		if in, _ := filepath.Match(top+"/[0-9]*", to); err == nil && in {
			n++
		}
	}
	return n
}

// full makes a folder of n files, each with its number, and things that are
// none.
func full(t *testing.T, n int) string {
	t.Helper()
	top := t.TempDir()
	for i := range n {
		if err := os.WriteFile(fmt.Sprintf("%s/%04d", top, i), fmt.Appendf(nil, "content %d", i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("0000", top+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(top+"/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	return top
}

func eager(t *testing.T, top string, opt Options) *capture {
	t.Helper()
	s, err := New([]string{top}, opt)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := s.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := sc.(*capture)
	c.OpenAhead()
	return c
}

// What is opened ahead is the same as what is opened when it is asked for, also
// where the limit leaves some files to be opened later, and once more.
func TestOpenAheadContents(t *testing.T) {
	const files = 1000
	top := full(t, files)
	for _, limit := range []int32{0, 7, 300, mostAhead} {
		c := eager(t, top, Options{})
		c.open.limit = limit
		seen, most := 0, int32(0)
		for e, err := range c.Entries(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Attr.Type != sources.File {
				continue
			}
			most = max(most, c.open.count.Load())
			want := fmt.Sprintf("content %d", seen)
			if int(e.Attr.Size) != len(want) {
				t.Errorf("limit %d: %s has size %d, want %d", limit, e.Path, e.Attr.Size, len(want))
			}
			for range 2 {
				f, err := e.Open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(f)
				if err != nil || string(got) != want {
					t.Errorf("limit %d: %s holds %q (%v), want %q", limit, e.Path, got, err, want)
				}
				f.Close()
			}
			seen++
		}
		if seen != files {
			t.Errorf("limit %d: %d files, want %d", limit, seen, files)
		}
		// Each of the askers may pass the limit by one.
		if most > limit+askers || limit > 0 && most == 0 {
			t.Errorf("limit %d: %d files were open ahead", limit, most)
		}
		c.Close(t.Context())
		if n := descriptors(t, top); n != 0 {
			t.Errorf("limit %d: %d files are still open", limit, n)
		}
	}
}

// What nobody opens is closed: what is left out at once, the rest by Close, also
// where the walk ends early.
func TestOpenAheadCloses(t *testing.T) {
	top := full(t, 1000)
	for _, take := range []int{0, 1, 500, 2000} {
		c := eager(t, top, Options{})
		for e, err := range c.Entries(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Attr.Type != sources.File {
				continue
			}
			if take--; take < 0 {
				break
			}
		}
		if descriptors(t, top) == 0 {
			t.Error("nothing was opened ahead")
		}
		c.Close(t.Context())
		if n := descriptors(t, top); n != 0 {
			t.Errorf("%d files are still open", n)
		}
	}
	c := eager(t, top, Options{LargerThan: 1})
	for _, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := descriptors(t, top); n != 0 {
		t.Errorf("%d files that are left out are still open after the walk", n)
	}
	c.Close(t.Context())
}

// Batches whose files were taken are forgotten, also where those of a folder
// above were not.
func TestOpenAheadForgets(t *testing.T) {
	var o opener
	o.watch([]item{{ahead: ahead{by: &o, fd: 1 << 30}}})
	for range 100 {
		o.watch([]item{{}, {ahead: ahead{by: &o, fd: -1}}})
	}
	if len(o.batches) != 2 {
		t.Errorf("%d batches are kept, want the one with an open file and the newest", len(o.batches))
	}
}
