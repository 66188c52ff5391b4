package secondreader_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newRand returns a source of random numbers whose seed stands in the test's log.
func newRand(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 7))
}

// TestFlippedBytes changes one bit of each object in turn, as a medium that
// rots would: reading everything must fail.
func TestFlippedBytes(t *testing.T) {
	rng := newRand(t)
	dir := copyGolden(t)
	spared := sparedObjects(t, dir)
	for _, pattern := range []string{"config", "keys/*", "index/*", "snapshots/*", "log/*", "packs/*/*"} {
		for _, path := range objects(t, dir, pattern) {
			if spared[path] {
				continue
			}
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			at := rng.IntN(len(p))
			bad := bytes.Clone(p)
			bad[at] ^= 1 << rng.IntN(8)
			write(t, path, bad)
			if readAll(dir) == nil {
				t.Errorf("byte %d of %s is changed, and nobody notices", at, strings.TrimPrefix(path, dir))
			}
			write(t, path, p)
		}
	}
}

func write(t testing.TB, path string, p []byte) {
	t.Helper()
	if err := os.WriteFile(path, p, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sparedObjects returns the objects that a reader can do without: forms of
// snapshots that were replaced, packs whose chunks are all stored twice, key
// slots that stand after the one that opens, the newest entry of the log.
func sparedObjects(t testing.TB, dir string) map[string]bool {
	t.Helper()
	spared := map[string]bool{}
	for _, pattern := range []string{"keys/*", "index/*", "snapshots/*", "log/*", "packs/*/*"} {
		for _, path := range objects(t, dir, pattern) {
			if err := os.Rename(path, dir+".away"); err != nil {
				t.Fatal(err)
			}
			spared[path] = readAll(dir) == nil
			if err := os.Rename(dir+".away", path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return spared
}

// TestSparedObjects: the log says what exists, so little can vanish unnoticed.
func TestSparedObjects(t *testing.T) {
	dir := copyGolden(t)
	count := map[string]int{}
	for path, spared := range sparedObjects(t, dir) {
		if spared {
			rel, _ := filepath.Rel(dir, path)
			family, _, _ := strings.Cut(rel, "/")
			count[family]++
		}
	}
	// Of the packs, those of the tree that two keys of different roles stored.
	want := map[string]int{"keys": 1, "snapshots": 1, "log": 1, "packs": 4}
	for family, n := range count {
		if want[family] != n {
			t.Errorf("%d of %s can be lost, want %d", n, family, want[family])
		}
	}
	if len(count) != len(want) {
		t.Errorf("these can be lost: %v, want %v", count, want)
	}
}

// TestNoNameNeeded changes objects and doesn't look at their names, as if the
// one who changed them had renamed them too: every byte is held by something
// that needs a key.
func TestNoNameNeeded(t *testing.T) {
	rng := newRand(t)
	v := openGolden(t, repository(), fullPassword)
	slot := func(p []byte) error { return v.ReadSlot(p, []byte(fullPassword)) }
	for _, family := range []struct {
		pattern string
		read    func([]byte) error
		flips   int
	}{
		{"keys/*", slot, 60}, {"packs/*/*", v.ReadPack, 25},
		{"index/*", v.ReadSigned, 60}, {"snapshots/*", v.ReadSigned, 30}, {"log/*", v.ReadSigned, 20},
	} {
		good := 0
		for _, path := range objects(t, repository(), family.pattern) {
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if family.read(p) != nil {
				continue // the slot of another password
			}
			good++
			for range family.flips {
				at, bit := rng.IntN(len(p)), byte(1)<<rng.IntN(8)
				p[at] ^= bit
				if at >= 12 && family.read(p) == nil { // the head is looked at with the name
					t.Errorf("bit %#x of byte %d of %s is changed, and nobody notices", bit, at, path)
				}
				p[at] ^= bit
			}
		}
		if good == 0 {
			t.Errorf("no object of %s can be read", family.pattern)
		}
	}
}
