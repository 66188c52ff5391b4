package states

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type record struct{ path, value []byte }

func seeded(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// randomRecords makes the records of a random tree in walk order.
func randomRecords(r *rand.Rand, n int) []record {
	names := []string{"a", "b", "b.c", "a b", "ab", "x-y", "\x01", "\xff", "long" + strings.Repeat("g", 60)}
	seen := make(map[string]bool)
	var recs []record
	for len(recs) < n {
		var parts []string
		for range 1 + r.IntN(6) {
			parts = append(parts, names[r.IntN(len(names))]+fmt.Sprint(r.IntN(9)))
		}
		p := strings.Join(parts, "/")
		if seen[p] {
			continue
		}
		seen[p] = true
		v := make([]byte, r.IntN(200))
		for i := range v {
			v[i] = byte(r.IntN(1 << r.IntN(9)))
		}
		recs = append(recs, record{[]byte(p), v})
	}
	slices.SortFunc(recs, func(a, b record) int { return Compare(a.path, b.path) })
	return recs
}

func write(t testing.TB, dir string, set, snapshot [32]byte, meta []byte, recs []record) {
	t.Helper()
	w, err := Create(dir, set)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, r := range recs {
		if err := w.Add(r.path, r.value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(snapshot, meta); err != nil {
		t.Fatal(err)
	}
}

func readAll(t testing.TB, r *Reader) (recs []record, err error) {
	t.Helper()
	for {
		p, v, ok, err := r.Next()
		if err != nil || !ok {
			return recs, err
		}
		recs = append(recs, record{bytes.Clone(p), bytes.Clone(v)})
	}
}

func same(a, b []record) bool {
	return slices.EqualFunc(a, b, func(x, y record) bool {
		return bytes.Equal(x.path, y.path) && bytes.Equal(x.value, y.value)
	})
}

func TestRoundTrip(t *testing.T) {
	r := seeded(t)
	dir := t.TempDir()
	for i, n := range []int{0, 1, 100, 10000} {
		set, snapshot := [32]byte{byte(i)}, [32]byte{byte(i), 9}
		recs := randomRecords(r, n)
		write(t, dir, set, snapshot, []byte("meta"), recs)
		rd, meta, snap, err := Open(dir, set)
		if err != nil {
			t.Fatal(err)
		}
		defer rd.Close()
		if string(meta) != "meta" || snap != snapshot || rd.Len() != uint64(n) {
			t.Fatalf("meta %q, snapshot %x, %d records", meta, snap, rd.Len())
		}
		got, err := readAll(t, rd)
		if err != nil || !same(got, recs) {
			t.Fatalf("%d records: read %d, %v", n, len(got), err)
		}
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 4 {
		t.Fatalf("files: %v, %v", names, err)
	}
	for _, e := range names {
		if info, err := e.Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestLargeRecord(t *testing.T) {
	dir := t.TempDir()
	recs := []record{{[]byte("a"), bytes.Repeat([]byte("xyz"), 1<<20)}, {[]byte("b"), nil}}
	write(t, dir, [32]byte{}, [32]byte{}, nil, recs)
	rd, _, _, err := Open(dir, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	if got, err := readAll(t, rd); err != nil || !same(got, recs) {
		t.Fatal(len(got), err)
	}
	w, err := Create(dir, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Add([]byte("a"), make([]byte, MaxValue+1)); err == nil {
		t.Fatal("a value beyond the bound was taken")
	}
}

func TestSkipTo(t *testing.T) {
	r := seeded(t)
	dir := t.TempDir()
	recs := randomRecords(r, 20000)
	write(t, dir, [32]byte{}, [32]byte{}, nil, recs)
	for range 6 {
		rd, _, _, err := Open(dir, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		if len(rd.t.blocks) < 3 {
			t.Fatalf("%d blocks are too few for this test", len(rd.t.blocks))
		}
		at := 0
		for at < len(recs) {
			switch r.IntN(3) {
			case 0:
				p, v, ok, err := rd.Next()
				if err != nil || !ok || !bytes.Equal(p, recs[at].path) || !bytes.Equal(v, recs[at].value) {
					t.Fatalf("next is %q %v %v, want %q", p, ok, err, recs[at].path)
				}
				at++
			case 1: // to a record, perhaps one gone by
				to := max(0, min(at+r.IntN(4000)-50, len(recs)-1))
				if err := rd.SkipTo(recs[to].path); err != nil {
					t.Fatal(err)
				}
				at = max(at, to)
			case 2: // to where no record is
				to := append(bytes.Clone(recs[at].path), '/', 0xff, 0xff)
				if err := rd.SkipTo(to); err != nil {
					t.Fatal(err)
				}
				for at < len(recs) && Compare(recs[at].path, to) < 0 {
					at++
				}
			}
		}
		if _, _, ok, err := rd.Next(); ok || err != nil {
			t.Fatal("records beyond the end", err)
		}
		rd.Close()
	}
}

func TestOrder(t *testing.T) {
	sorted := []string{"", "/", "/a", "a", "a/", "a/b", "a/b/c", "a/b.c", "a\x01", "a.b", "ab", "\xff"}
	for i, a := range sorted {
		for j, b := range sorted {
			if c := Compare([]byte(a), []byte(b)); (c < 0) != (i < j) || (c == 0) != (i == j) {
				t.Errorf("Compare(%q, %q) = %d", a, b, c)
			}
			if f := follows([]byte(a), []byte(b), shared([]byte(a), []byte(b))); f != (i < j) {
				t.Errorf("follows(%q, %q) = %v", a, b, f)
			}
		}
	}
	w, err := Create(t.TempDir(), [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Add([]byte("a.b"), nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Add([]byte("a/b"), nil); err == nil {
		t.Fatal("a path out of order was taken")
	}
	if err := w.Commit([32]byte{}, nil); err == nil {
		t.Fatal("a failed writer was committed")
	}
}

func TestNewestReplaces(t *testing.T) {
	r := seeded(t)
	dir := t.TempDir()
	set, other := [32]byte{1}, [32]byte{2}
	a, b := randomRecords(r, 500), randomRecords(r, 600)
	write(t, dir, other, [32]byte{}, nil, a)
	write(t, dir, set, [32]byte{1}, nil, a)
	old, _, _, err := Open(dir, set)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	dying, err := Create(dir, set) // a writer that was killed
	if err != nil {
		t.Fatal(err)
	}
	if _, _, snap, err := Open(dir, set); err != nil || snap != [32]byte{1} {
		t.Fatal(snap, err)
	}
	write(t, dir, set, [32]byte{2}, nil, b)
	_ = dying.f.Close()
	now, _, snap, err := Open(dir, set)
	if err != nil || snap != [32]byte{2} {
		t.Fatal(snap, err)
	}
	defer now.Close()
	if got, err := readAll(t, now); err != nil || !same(got, b) {
		t.Fatal("the new file does not read back", err)
	}
	if got, err := readAll(t, old); err != nil || !same(got, a) {
		t.Fatal("the old file does not read back while it is open", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 2 {
		t.Fatalf("left behind: %v", names)
	}
}

// TestDamage flips and cuts a file everywhere: a reader gives out records of the
// file or an error, never others.
func TestDamage(t *testing.T) {
	r := seeded(t)
	dir := t.TempDir()
	recs := randomRecords(r, 6000)
	write(t, dir, [32]byte{}, [32]byte{5}, []byte("m"), recs)
	name := filepath.Join(dir, fileName([32]byte{}, 0))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 120 {
		b := bytes.Clone(whole)
		if i%2 == 0 {
			b = b[:r.IntN(len(b))]
		} else {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		rd, _, _, err := Open(dir, [32]byte{})
		if err != nil {
			if !errors.Is(err, ErrNone) {
				t.Fatalf("error %v is not ErrNone", err)
			}
			continue
		}
		got, err := readAll(t, rd)
		var damage *DamageError
		if !errors.As(err, &damage) {
			t.Fatalf("damage was not noticed: %v", err)
		}
		if !same(got, recs[:len(got)]) {
			t.Fatal("records differ from what was written")
		}
		if _, _, ok, again := rd.Next(); ok || again == nil {
			t.Fatal("reading went on after damage")
		}
		rd.Close()
	}
	if _, _, _, err := Open(filepath.Join(dir, "none"), [32]byte{}); !errors.Is(err, ErrNone) {
		t.Fatalf("no folder: %v", err)
	}
}

func FuzzTrailer(f *testing.F) {
	t := trailer{count: 3, meta: []byte("x"), blocks: []blockInfo{{stored: 5, plain: 6, first: []byte("a/b")}, {stored: 200}}}
	f.Add(t.bytes())
	f.Add((&trailer{}).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := parseTrailer(b)
		if err == nil && !bytes.Equal(tr.bytes(), b) {
			t.Fatalf("encoded again: %x, was %x", tr.bytes(), b)
		}
	})
}

// FuzzRecords feeds a block's records to a Reader.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 2, 'x', 'y', 1, 2, '/', 'b', 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := &Reader{f: f, t: &trailer{}, rest: b}
		for n := 0; r.step(); n++ {
			if n > len(b) || len(r.path) > len(b) || len(r.value) > len(b) {
				t.Fatal("more came out than went in")
			}
		}
	})
}

// million is a walk of a million entries with values of about 100 bytes, half of
// which do not compress.
func million() (paths, values [][]byte) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 1000000 {
		paths = append(paths, fmt.Appendf(nil, "srv/ivy/data/documents/%04d/invoice-%06d.pdf", i/1000, i))
		v := make([]byte, 104)
		for j := 0; j < 48; j += 8 {
			binary.LittleEndian.PutUint64(v[j:], r.Uint64())
		}
		binary.LittleEndian.PutUint64(v[48:], uint64(i))
		copy(v[60:], "0644 1000 1000 regular file of the set")
		values = append(values, v)
	}
	return paths, values
}

func BenchmarkMillion(b *testing.B) {
	paths, values := million()
	dir := b.TempDir()
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w, err := Create(dir, [32]byte{})
			if err != nil {
				b.Fatal(err)
			}
			for i, p := range paths {
				if err := w.Add(p, values[i]); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Commit([32]byte{}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, _, _, err := Open(dir, [32]byte{})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for {
				_, _, ok, err := r.Next()
				if err != nil {
					b.Fatal(err)
				}
				if !ok {
					break
				}
				n++
			}
			if n != len(paths) {
				b.Fatal(n)
			}
			r.Close()
		}
	})
}
