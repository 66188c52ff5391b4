package fusefs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func TestEscapeName(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "": "%", ".": "%2E", "..": "%2E%2E", "...": "...", "a/b": "a%2Fb", "50%": "50%25",
		"\x00\n\x7f": "%00%0A%7F", "ü": "ü", "\u009b": "%C2\x9b", "\xff": "\xff",
	} {
		if got := escapeName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	long := escapeName(strings.Repeat("/", 500))
	if len(long) > nameLimit || long == escapeName(strings.Repeat("/", 501)) {
		t.Errorf("a long one becomes %q", long)
	}
}

func FuzzEscapeName(f *testing.F) {
	f.Add("a/b", "a%2Fb")
	f.Add("", "%")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, s := range []string{a, b} {
			e := escapeName(s)
			if e == "" || e == "." || e == ".." || len(e) > nameLimit+20 || strings.ContainsAny(e, "/\x00\n\x1b") {
				t.Errorf("%q becomes %q", s, e)
			}
		}
		if a != b && escapeName(a) == escapeName(b) {
			t.Errorf("%q and %q become the same", a, b)
		}
	})
}

func TestExtension(t *testing.T) {
	for in, want := range map[string]string{"a.txt": ".txt", "a.tar.gz": ".gz", "none": "", ".bashrc": "", "dot.": "",
		"a.\x01": "", "a.%41": "", "long." + strings.Repeat("x", 30): ""} {
		if got := extension(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNodeIDs(t *testing.T) {
	for _, c := range []struct {
		id, number, place uint64
		dir               bool
	}{
		{fuse.FUSE_ROOT_ID, 0, 0, true}, {dirID(1), 1, 0, true}, {dirID(maxNumber), maxNumber, 0, true},
		{fileID(1, 0), 1, 0, false}, {fileID(5, maxPlace), 5, maxPlace, false}, {fileID(maxNumber, maxPlace), maxNumber, maxPlace, false},
	} {
		if number, place, dir := splitID(c.id); number != c.number || place != c.place || dir != c.dir {
			t.Errorf("%x: %d, %d, %v", c.id, number, place, dir)
		}
		if c.id == ^uint64(0) || c.id == 0 {
			t.Errorf("%x belongs to the library", c.id)
		}
	}
}

// TestDirTable forgets in any order, as the kernel may, and at the end nothing
// is left but the root.
func TestDirTable(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	table := newDirTable()
	table.pin(func(*dir) {})
	root := table.get(0)
	known := []*dir{root}
	counts := map[uint64]uint64{}
	for range 5000 {
		d := known[r.IntN(len(known))]
		if r.IntN(3) > 0 {
			place := uint64(r.IntN(4))
			e := table.enter(d, place, func(e *dir) { e.ino = d.ino*7 + place })
			if e.parent != d || e.place != place || e.ino != d.ino*7+place {
				t.Fatal("another directory came back")
			}
			if counts[e.number] == 0 {
				known = append(known, e)
			}
			counts[e.number]++
			continue
		}
		if d == root {
			continue
		}
		n := 1 + r.Uint64N(counts[d.number])
		table.forget(d.number, n)
		if counts[d.number] -= n; counts[d.number] > 0 {
			continue
		}
		for i := range known {
			if known[i] == d {
				known = append(known[:i], known[i+1:]...)
				break
			}
		}
	}
	for _, d := range known[1:] {
		if table.get(d.number) != d {
			t.Fatalf("a directory with %d look-ups is gone", counts[d.number])
		}
		table.forget(d.number, counts[d.number])
	}
	if table.len() != 1 || len(table.byPlace) != 0 || root.children != 0 {
		t.Errorf("left: %d directories, %d places, %d below the root", table.len(), len(table.byPlace), root.children)
	}
	table.forget(12345, 1) // unknown: no harm
}

func TestTroublesAreToldRarely(t *testing.T) {
	var tr troubles
	now := time.Now()
	told := 0
	for i := range 1000 {
		if _, ok := tr.admit(fmt.Sprint(i%50), now); ok {
			told++
		}
	}
	if told != troubleMost {
		t.Errorf("%d told", told)
	}
	more, ok := tr.admit("0", now.Add(2*troubleEvery))
	if !ok || more != 1000-troubleMost {
		t.Errorf("later: %v, %d left out", ok, more)
	}
}

func TestUnescapeMount(t *testing.T) {
	for in, want := range map[string]string{`/a\040b`: "/a b", `/a\134x`: `/a\x`, `/plain`: "/plain", `/end\04`: `/end\04`} {
		if got := unescapeMount(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	base := t.TempDir()
	if err := os.WriteFile(base+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(base+"/full/sub", 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{"none": "does not exist", "file": "no directory", "full": "not empty"} {
		_, err := Mount(t.Context(), base+"/"+dir, &vaultMem{}, Options{})
		var te *TargetError
		if !errors.As(err, &te) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestMeansToStop(t *testing.T) {
	if meansToStop(os.Getpid()) {
		t.Error("this process has a signal pending")
	}
	if !meansToStop(0) || !meansToStop(1<<30) {
		t.Error("unknown threads must not wait for ever")
	}
}
