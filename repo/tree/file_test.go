package tree

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"ivyvault/chunk"
)

// randomFile writes a list of pieces and returns its content and its bytes.
func randomFile(t testing.TB, m *memory, r *rand.Rand, pieces int) (Node, []byte) {
	w := NewListWriter(m)
	var all []byte
	for range pieces {
		p := make([]byte, 1+r.IntN(40))
		var err error
		if r.IntN(3) == 0 {
			err = w.AddHole(uint64(len(p)))
		} else {
			for i := range p {
				p[i] = byte(1 + r.IntN(255))
			}
			ref, _ := m.Put(t.Context(), chunk.Data, p)
			err = w.AddChunk(t.Context(), ref)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p...)
		if w.Size() != uint64(len(all)) {
			t.Fatalf("size %d after %d bytes", w.Size(), len(all))
		}
	}
	c, size, err := w.Close(t.Context())
	if err != nil || size != uint64(len(all)) {
		t.Fatal(size, len(all), err)
	}
	return Node{Name: "f", Type: File, Size: size, Content: c}, all
}

func TestContentAgainstModel(t *testing.T) {
	r := seeded(t)
	for _, pieces := range []int{0, 1, 1, 1, 2, 3, 127, 128, 129, 600, 5000, 60000} {
		m := newMemory()
		n, all := randomFile(t, m, r, pieces)
		f, err := newReader(m).Open(&n)
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		for range 300 {
			off, p := r.IntN(len(all)+10), make([]byte, r.IntN(500))
			got, err := f.ReadAt(ctx, p, int64(off))
			want := all[min(off, len(all)):min(off+len(p), len(all))]
			if !bytes.Equal(p[:got], want) || got < len(p) && err != io.EOF || got == len(p) && err != nil {
				t.Fatalf("%d pieces: read of %d at %d of %d: %d, %v", pieces, len(p), off, len(all), got, err)
			}
		}
		from := r.IntN(len(all) + 1)
		at := uint64(from)
		err = f.Extents(ctx, int64(from), func(x Extent) error {
			if x.Offset > at || x.Offset+x.Size <= at || x.Hole() != (all[x.Offset] == 0) {
				t.Fatalf("extent at %d of %d, want it to hold %d", x.Offset, x.Size, at)
			}
			at = x.Offset + x.Size
			return nil
		})
		if err != nil || at != uint64(len(all)) {
			t.Fatal(at, err)
		}
	}
}

func TestListsAreCutByContent(t *testing.T) {
	r := seeded(t)
	m := newMemory()
	refs := make([]chunk.Ref, 100000)
	for i := range refs {
		refs[i] = randomRef(r, chunk.Data)
	}
	write := func(refs []chunk.Ref) (Content, uint64) {
		w := NewListWriter(m)
		for _, x := range refs {
			if err := w.AddChunk(t.Context(), x); err != nil {
				t.Fatal(err)
			}
		}
		c, size, err := w.Close(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c, size
	}
	c, size := write(refs)
	if again, _ := write(refs); !again.equal(&c) {
		t.Fatal("two writings differ")
	}
	top, err := ParseListPage(m.m[c.Ref])
	if err != nil {
		t.Fatal(err)
	}
	deep := top.Level() + 1
	t.Logf("%d pages, depth %d", len(m.m), deep)
	for range 8 {
		i := r.IntN(len(refs))
		before := len(m.m)
		write(slices.Insert(slices.Clone(refs), i, randomRef(r, chunk.Data)))
		if n := len(m.m) - before; n > 2*deep+2 {
			t.Fatalf("one more chunk at %d wrote %d pages", i, n)
		}
	}
	f, err := NewReader(m, contentHash, 0).Open(&Node{Type: File, Size: size, Content: c})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		m.gets = 0
		err := f.Extents(t.Context(), r.Int64N(int64(size)), func(Extent) error { return errStop })
		if err != errStop || m.gets != deep {
			t.Fatalf("finding a place read %d pages, depth %d: %v", m.gets, deep, err)
		}
	}
}

func TestListOfHoles(t *testing.T) {
	m := newMemory()
	w := NewListWriter(m)
	if err := errors.Join(w.AddHole(1<<62), w.AddHole(5)); err != nil {
		t.Fatal(err)
	}
	if err := w.AddHole(1 << 62); err == nil {
		t.Fatal("a file of more than 2^63-1 bytes was accepted")
	}
	c, size, err := w.Close(t.Context())
	if err != nil || size != 1<<62+5 || c.Form != Listed {
		t.Fatal(c, size, err)
	}
	f, _ := newReader(m).Open(&Node{Type: File, Size: size, Content: c})
	p := []byte{1, 1, 1, 1}
	if n, err := f.ReadAt(t.Context(), p, 1<<62+3); n != 2 || err != io.EOF || p[0]+p[1] != 0 {
		t.Fatal(n, err, p)
	}
}

func TestRangesReadOnlyWhatIsAsked(t *testing.T) {
	m := newMemory()
	big := make([]byte, 1<<20)
	ref, _ := m.Put(t.Context(), chunk.Data, big)
	f, _ := newReader(m).Open(&Node{Type: File, Size: 1 << 20, Content: Content{Form: Chunked, Ref: ref}})
	if _, err := f.ReadAt(t.Context(), make([]byte, 4096), 500000); err != nil || m.read != 4096 {
		t.Fatal(m.read, err)
	}
}

// runJobs collects jobs, to be run by hand.
type runJobs struct{ jobs []func(context.Context) }

func (j *runJobs) emit(f func(context.Context)) { j.jobs = append(j.jobs, f) }

func TestBundles(t *testing.T) {
	r := seeded(t)
	m := newMemory()
	ctx := t.Context()
	files := make([][]byte, 4000)
	for i := range files {
		b := make([]byte, 1+r.IntN(3000))
		if r.IntN(100) == 0 {
			b = make([]byte, 1+r.IntN(MaxSlice))
		}
		for at := 0; at+8 <= len(b); at += 8 {
			binary.LittleEndian.PutUint64(b[at:], r.Uint64())
		}
		files[i] = b
	}
	bundle := func(files [][]byte) []Content {
		var jobs runJobs
		w := NewBundler(m, jobs.emit)
		var waiting []Pending
		for _, b := range files {
			waiting = append(waiting, w.Add(b, contentHash(b)))
		}
		last := waiting[len(waiting)-1]
		w.Flush()
		w.Flush()
		if w.Buffered() != 0 {
			t.Fatal("bytes are left after Flush")
		}
		if last.Settled() {
			t.Fatal("settled before it was stored")
		}
		short, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := last.Wait(short); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for i := range jobs.jobs { // in the wrong order
			jobs.jobs[len(jobs.jobs)-1-i](ctx)
		}
		var out []Content
		for i, p := range waiting {
			c, err := p.Wait(ctx)
			if err != nil {
				t.Fatal(err)
			}
			f, err := newReader(m).Open(&Node{Name: "f", Type: File, Size: uint64(len(files[i])), Content: c})
			if err != nil {
				t.Fatal(err)
			}
			if b, err := f.Whole(ctx); err != nil || !bytes.Equal(b, files[i]) {
				t.Fatalf("file %d differs: %v", i, err)
			}
			out = append(out, c)
		}
		return out
	}
	first := bundle(files)
	sizes := map[chunk.Ref]bool{}
	total := 0
	for _, c := range first {
		sizes[c.Ref] = true
		if c.Ref.Size > bundleGreatest {
			t.Fatal("a bundle is too large")
		}
	}
	for x := range sizes {
		total += int(x.Size)
	}
	if mean := total / len(sizes); mean < 600<<10 || mean > 1700<<10 {
		t.Fatalf("bundles have %d bytes on average", mean)
	}
	if again := bundle(files); !slices.EqualFunc(first, again, func(a, b Content) bool { return a.equal(&b) }) {
		t.Fatal("two bundlings differ")
	}
	before := len(m.m)
	bundle(slices.Delete(slices.Clone(files), 100, 101))
	if n := len(m.m) - before; n > len(sizes)/2+2 {
		t.Fatalf("one file less made %d new bundles of %d", n, len(sizes))
	}
}

func TestBundleFailure(t *testing.T) {
	m := newMemory()
	m.fail = errors.New("store is gone")
	w := NewBundler(m, func(job func(context.Context)) { go job(t.Context()) })
	p := w.Add([]byte("x"), contentHash([]byte("x")))
	w.Flush()
	if _, err := p.Wait(t.Context()); !errors.Is(err, m.fail) {
		t.Fatal(err)
	}
}

func TestSliceIsVerified(t *testing.T) {
	m := newMemory()
	ref, _ := m.Put(t.Context(), chunk.Data, []byte("of many the first"))
	c := Content{Form: Slice, Ref: ref, Offset: 3, Hash: contentHash([]byte("many"))}
	for off, want := range map[uint32]error{3: nil, 4: chunk.ErrDamaged} {
		c.Offset = off
		f, err := newReader(m).Open(&Node{Name: "f", Type: File, Size: 4, Content: c})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := f.ReadAt(t.Context(), make([]byte, 2), 1); !errors.Is(err, want) {
				t.Fatal(off, err)
			}
		}
		if want == nil && m.gets != 1 {
			t.Fatalf("%d reads for a slice that was verified before", m.gets)
		}
		m.gets = 0
	}
	c.Offset = 15
	if _, err := newReader(m).Open(&Node{Name: "f", Type: File, Size: 4, Content: c}); err == nil {
		t.Fatal("a slice beyond its chunk was opened")
	}
}
