package stories

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// noise returns n bytes that neither compress nor repeat, by a seed.
func noise(seed uint64, n int) []byte {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	p := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(p) // never fails
	return p
}

// write writes a file below the machine's folder, with the directories above.
func (h *host) write(path string, content []byte) {
	h.t.Helper()
	path = h.path(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// writeTree writes the state of a directory src on a day: some files of which
// a part changes each day, some that never do, and one that is of that day
// alone. It returns that state, path by path.
func (h *host) writeTree(day int) map[string][]byte {
	h.t.Helper()
	if err := os.RemoveAll(h.path("src")); err != nil {
		h.t.Fatal(err)
	}
	state := map[string][]byte{
		"data/events":               noise(1, 3<<20),
		fmt.Sprintf("day-%d", day):  noise(uint64(1000+day), 1<<20),
		"data/table":                append(noise(2, 2<<20), noise(uint64(2000+day), 1<<20)...),
		"documents/a name with ü":   []byte("the needle is here\n"),
		"documents/of the day":      fmt.Appendf(nil, "written on day %d\n", day),
		"documents/empty":           nil,
		"documents/deep/er/one.txt": []byte(strings.Repeat("a line that repeats\n", 5000)),
	}
	for i := range 40 {
		state[fmt.Sprintf("documents/%02d", i)] = noise(uint64(3000+i+i%4*day*100), 100+i*i*20)
	}
	for path, content := range state {
		h.write("src/"+path, content)
	}
	return state
}

// copyOf reads a tree with everything that a copy of it should keep.
func copyOf(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st syscall.Stat_t
		if err := syscall.Lstat(path, &st); err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("mode %o, owner %d:%d", st.Mode, st.Uid, st.Gid)
		if !d.IsDir() {
			what += fmt.Sprintf(", %d bytes, %d links, time %d.%09d", st.Size, st.Nlink, st.Mtim.Sec, st.Mtim.Nsec)
		}
		switch {
		case d.Type().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			what += ", content " + sum(content)
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			what += " to " + to
		}
		all[rel] = what
		return nil
	})
	if err != nil {
		t.Fatalf("reading %s: %v", root, err)
	}
	return all
}

// same fails the test where two trees that copyOf read differ.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for path, w := range want {
		if g, ok := got[path]; !ok {
			t.Errorf("%s: %s is missing", what, path)
		} else if g != w {
			t.Errorf("%s: %s has %s, want %s", what, path, g, w)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			t.Errorf("%s: %s is too many", what, path)
		}
	}
}

// restores restores a snapshot and compares what comes out.
func (h *host) restores(snapshot string, want map[string]string) {
	h.t.Helper()
	to, err := os.MkdirTemp(h.dir, "restored-")
	if err != nil {
		h.t.Fatal(err)
	}
	h.ok("restore", snapshot, "--target", to)
	same(h.t, "snapshot "+snapshot, copyOf(h.t, filepath.Join(to, h.path("src"))), want)
	if err := os.RemoveAll(to); err != nil {
		h.t.Fatal(err)
	}
}

// holds fails the test where a directory has not exactly the content of state.
func holds(t *testing.T, root string, state map[string][]byte) {
	t.Helper()
	for path, want := range state {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s below %s differs", path, root)
		}
	}
}
