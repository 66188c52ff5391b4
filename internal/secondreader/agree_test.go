package secondreader_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"ivyvault/index"
	"ivyvault/internal/secondreader"
	"ivyvault/repo/tree"
)

// decoders are pairs: what the page says and what the program does, by the kind
// of chunk; 0 is an index file.
var decoders = map[byte]struct {
	name          string
	page, program func([]byte) error
}{
	0: {"index file", secondreader.CheckIndex, decodeIndex},
	2: {"page", secondreader.CheckPage, decodeNodes},
	3: {"content list", secondreader.CheckList, func(p []byte) error { _, err := tree.ParseListPage(p); return err }},
}

func decodeIndex(p []byte) error {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	defer z.Close()
	_, err = index.Decode(z.EncodeAll(p, nil))
	return err
}

func decodeNodes(p []byte) error {
	if len(p) > 0 && p[0] > 0 {
		_, err := tree.ParsePage(p)
		return err
	}
	_, err := tree.DecodeNodes(p)
	return err
}

func plains(t testing.TB) map[byte][][]byte {
	t.Helper()
	all := map[byte][][]byte{}
	err := openGolden(t, repository(), fullPassword).Plain(func(kind byte, p []byte) {
		all[kind] = append(all[kind], bytes.Clone(p))
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// agree fails where one reader takes what the other refuses.
func agree(t *testing.T, kind byte, p []byte) {
	t.Helper()
	d := decoders[kind]
	page, program := d.page(p), d.program(p)
	if (page == nil) != (program == nil) {
		t.Errorf("%s %.200x\n by the page:    %v\n by the program: %v", d.name, p, page, program)
	}
}

// TestTheyAgree changes pages, lists and index files at random: the program
// must refuse exactly what doc/format.md refuses.
func TestTheyAgree(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	for kind, list := range plains(t) {
		if kind == 1 {
			continue // data has no inner form
		}
		for _, p := range list {
			agree(t, kind, p)
			for range 10_000_000 / (50_000 + 10*len(p)) {
				agree(t, kind, mutate(rng, p))
				if t.Failed() {
					return
				}
			}
		}
	}
}

// mutate changes a byte or three: most often near the front, where the heads
// are, and mostly to small numbers.
func mutate(rng *rand.Rand, p []byte) []byte {
	p = bytes.Clone(p)
	for range 1 + rng.IntN(3) {
		if len(p) == 0 {
			return p
		}
		at := rng.IntN(len(p))
		if rng.IntN(2) == 0 {
			at = rng.IntN(min(len(p), 300))
		}
		switch rng.IntN(6) {
		case 0:
			p = append(p[:at], p[at+1:]...)
		case 1:
			p = append(p[:at], append([]byte{byte(rng.IntN(4))}, p[at:]...)...)
		case 2:
			p[at] ^= 1 << rng.IntN(8)
		case 3:
			p[at] = byte(rng.Uint32())
		case 4:
			p[at]++
		default:
			p[at] = byte(rng.IntN(8))
		}
	}
	return p
}

func FuzzTheyAgree(f *testing.F) {
	for kind, list := range plains(f) {
		for _, p := range list {
			if kind != 1 && len(p) < 4096 {
				f.Add(kind, p)
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, p []byte) {
		if _, ok := decoders[kind]; ok {
			agree(t, kind, p)
		}
	})
}
