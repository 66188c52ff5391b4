package tree

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"ivyvault/chunk"
)

// memory is a store of chunks in a map. SHA-256 stands for the keyed hash.
type memory struct {
	mu   sync.Mutex
	m    map[chunk.Ref][]byte
	gets int
	puts int
	read int // bytes that Get and GetRange gave
	fail error
}

var (
	_ chunk.Getter = (*memory)(nil)
	_ chunk.Putter = (*memory)(nil)
)

func newMemory() *memory { return &memory{m: make(map[chunk.Ref][]byte)} }

func (m *memory) Put(_ context.Context, kind chunk.Kind, p []byte) (chunk.Ref, error) {
	if len(p) == 0 {
		return chunk.Ref{}, fmt.Errorf("empty chunk")
	}
	h := sha256.New()
	h.Write([]byte{byte(kind)})
	h.Write(p)
	r := chunk.Ref{Kind: kind, Size: uint32(len(p))}
	h.Sum(r.ID[:0])
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	if m.fail != nil {
		return chunk.Ref{}, m.fail
	}
	if _, ok := m.m[r]; !ok {
		m.m[r] = append([]byte(nil), p...)
	}
	return r, nil
}

func (m *memory) Get(ctx context.Context, ref chunk.Ref) ([]byte, error) {
	m.mu.Lock()
	n := len(m.m[ref]) // a hostile chunk need not be as long as its Ref says
	m.mu.Unlock()
	return m.GetRange(ctx, ref, 0, n)
}

func (m *memory) GetRange(_ context.Context, ref chunk.Ref, off, n int) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets++
	m.read += n
	b, ok := m.m[ref]
	if !ok {
		return nil, fmt.Errorf("%s: %w", ref, chunk.ErrNotFound)
	}
	if off < 0 || n < 0 || off+n > len(b) {
		return nil, fmt.Errorf("%s: range %d+%d out of bounds", ref, off, n)
	}
	return b[off : off+n : off+n], nil
}

func contentHash(b []byte) (id chunk.ID) {
	h := hmac.New(sha256.New, []byte("content"))
	h.Write(b)
	h.Sum(id[:0])
	return id
}

func newReader(m *memory) *Reader { return NewReader(m, contentHash, 1<<20) }

var testCut = Cut{Secret: [32]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}}

// seeded gives a generator whose seed is in the log of a failed test.
func seeded(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomID(r *rand.Rand) (id chunk.ID) {
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return id
}

func randomRef(r *rand.Rand, kind chunk.Kind) chunk.Ref {
	return chunk.Ref{ID: randomID(r), Kind: kind, Size: 1 + r.Uint32N(1<<20)}
}

// randomNode makes a valid node of any type, refs shared with others at times.
func randomNode(r *rand.Rand, name string, refs *[]chunk.Ref) Node {
	ref := func(k chunk.Kind) chunk.Ref {
		if len(*refs) > 0 && r.IntN(2) == 0 {
			if x := (*refs)[r.IntN(len(*refs))]; x.Kind == k {
				return x
			}
		}
		x := randomRef(r, k)
		*refs = append(*refs, x)
		return x
	}
	n := Node{Name: name, Type: Type(1 + r.IntN(7)), Mode: r.Uint32N(010000), UID: r.Uint32() >> r.UintN(32),
		GID: r.Uint32() >> r.UintN(32), MTime: Time{r.Int64() >> r.UintN(64), r.Uint32N(nanos)},
		Inode: r.Uint64() >> r.UintN(64), Links: 1}
	if n.CTime = n.MTime; r.IntN(2) == 0 {
		n.CTime = Time{-r.Int64() >> r.UintN(64), r.Uint32N(nanos)}
	}
	if r.IntN(4) == 0 {
		n.Links, n.Device = 2+r.Uint64N(1000), r.Uint64()
	}
	switch n.Type {
	case File:
		n.Content.Form = Form(r.IntN(5))
		switch n.Content.Form {
		case Inline:
			n.Content.Inline = make([]byte, 1+r.IntN(64))
			n.Size = uint64(len(n.Content.Inline))
		case Slice:
			n.Content.Ref = ref(chunk.Data)
			n.Size = 1 + r.Uint64N(min(uint64(n.Content.Ref.Size), MaxSlice))
			n.Content.Offset = uint32(r.Uint64N(uint64(n.Content.Ref.Size) - n.Size + 1))
			n.Content.Hash = randomID(r)
		case Chunked:
			n.Content.Ref = ref(chunk.Data)
			n.Size = uint64(n.Content.Ref.Size)
		case Listed:
			n.Content.Ref = ref(chunk.List)
			n.Size = 1 + r.Uint64()>>(1+r.UintN(50))/2
		}
	case Dir:
		n.Tree, n.Files, n.Bytes = ref(chunk.Page), r.Uint64()>>r.UintN(64), r.Uint64()>>r.UintN(64)
	case Symlink:
		n.Target = "../" + name
	case CharDevice, BlockDevice:
		n.Rdev = r.Uint64()
	}
	if r.IntN(5) == 0 {
		for i := range 1 + r.IntN(3) {
			n.Xattrs = append(n.Xattrs, Xattr{fmt.Sprintf("user.%d", i), make([]byte, r.IntN(20))})
		}
	}
	if r.IntN(5) == 0 {
		n.Stamp = []byte(name)
	}
	return n
}

func randomNodes(r *rand.Rand, count int) []Node {
	var refs []chunk.Ref
	nodes := make([]Node, count)
	for i := range nodes {
		nodes[i] = randomNode(r, fmt.Sprintf("n%07d-%x", i, r.Uint32()), &refs)
	}
	return nodes
}

// tinyFiles gives nodes as a directory of small files has them.
func tinyFiles(count int) []Node {
	r := rand.New(rand.NewPCG(7, 7))
	nodes := make([]Node, count)
	ref := randomRef(r, chunk.Data)
	for i := range nodes {
		if i%800 == 0 {
			ref = randomRef(r, chunk.Data)
			ref.Size = 1 << 20
		}
		mtime := Time{1760000000 + int64(r.IntN(1000)), r.Uint32N(nanos)}
		nodes[i] = Node{Name: fmt.Sprintf("document-%08d.json", i), Type: File, Mode: 0o644, UID: 1000, GID: 1000, MTime: mtime,
			CTime: mtime, Inode: uint64(1<<20 + i), Links: 1, Size: 1000,
			Content: Content{Form: Slice, Ref: ref, Offset: uint32(i % 800 * 1000), Hash: randomID(r)}}
	}
	return nodes
}

func writeDir(t testing.TB, m *memory, nodes []Node) chunk.Ref {
	t.Helper()
	w := NewDirWriter(m, testCut)
	for i := range nodes {
		if err := w.Add(t.Context(), &nodes[i]); err != nil {
			t.Fatal(err)
		}
	}
	ref, err := w.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ref
}
