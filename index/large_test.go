//go:build large

package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"ivyvault/chunk"
)

// The large run measures a repository of largeFiles index files, each with
// largePacks packs of largeChunks chunks: 10 million in all.
const (
	largeFiles  = 400
	largePacks  = 250
	largeChunks = 100
)

// largeFile makes index file i; the same i makes the same file.
func largeFile(i int) (Name, File) {
	r := rand.New(rand.NewPCG(uint64(i), 77))
	name := randomName(r)
	f := File{Packs: make([]Pack, largePacks)}
	for p := range f.Packs {
		pack := &f.Packs[p]
		pack.Name, pack.Kind, pack.Size = randomName(r), DataPack, 16<<20
		pack.Chunks = make([]Chunk, largeChunks)
		for c := range pack.Chunks {
			pack.Chunks[c] = Chunk{Kind: chunk.Data, ID: randomName(r), Size: 200000, Stored: 100000 + r.Uint32N(50000)}
		}
	}
	return name, f
}

func largeLoad(_ context.Context, name Name) (Signer, File, error) {
	for i := range largeFiles {
		r := rand.New(rand.NewPCG(uint64(i), 77))
		if randomName(r) == name {
			_, f := largeFile(i)
			return Signer{}, f, nil
		}
	}
	return Signer{}, File{}, ErrLeaveOut
}

// rss returns a field of /proc/self/status in MB.
func rss(field string) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	_, rest, _ := bytes.Cut(b, []byte(field+":"))
	n, _ := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	return n >> 10
}

// peak samples RssAnon + RssShmem until stop is called, which returns the peak
// in MB.
func peak() (stop func() int64) {
	var most atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), rss("RssAnon")+rss("RssShmem")))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(done); <-ended; return most.Load() }
}

// TestLarge runs each step as a process of its own and prints its figures:
//
//	go test -tags large -run TestLarge -v -timeout 60m ./index
func TestLarge(t *testing.T) {
	if step := os.Getenv("INDEX_LARGE_STEP"); step != "" {
		largeStep(t, step, os.Getenv("INDEX_LARGE_DIR"))
		return
	}
	dir := t.TempDir()
	for _, step := range []string{"fold all", "fold a tenth", "open", "look up", "walk", "look up with delta"} {
		c := exec.Command(os.Args[0], "-test.run=^TestLarge$", "-test.v")
		c.Env = append(os.Environ(), "INDEX_LARGE_STEP="+step, "INDEX_LARGE_DIR="+dir)
		out, err := c.CombinedOutput()
		for line := range bytes.Lines(out) {
			if s, ok := bytes.CutPrefix(line, []byte("figure: ")); ok {
				t.Logf("%s", bytes.TrimSpace(s))
			}
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", step, err, out)
		}
	}
}

func largeStep(t *testing.T, step, dir string) {
	names := func(n int) (names []Name) {
		for i := range n {
			names = append(names, randomName(rand.New(rand.NewPCG(uint64(i), 77))))
		}
		return names
	}
	stop, begin := peak(), time.Now()
	detail := ""
	switch step {
	case "fold all", "fold a tenth":
		n := largeFiles * 9 / 10
		if step == "fold a tenth" {
			n = largeFiles
		}
		rep, err := Fold(t.Context(), dir, names(n), largeLoad)
		if err != nil {
			t.Fatal(err)
		}
		detail = fmt.Sprintf("%+v", rep)
	case "open":
		tab := Open(dir)
		defer tab.Close()
		detail = fmt.Sprintf("%d files covered", len(tab.Covered()))
	case "look up":
		tab := Open(dir)
		defer tab.Close()
		detail = largeLookUps(t, tab)
	case "look up with delta":
		tab := Open(dir)
		defer tab.Close()
		for _, name := range names(largeFiles / 10) {
			tab.Drop(name)
			signer, f, err := largeLoad(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if err := tab.Add(name, signer, f); err != nil {
				t.Fatal(err)
			}
		}
		detail = fmt.Sprintf("delta of %d, %s", tab.delta.n, largeLookUps(t, tab))
	case "walk":
		tab := Open(dir)
		defer tab.Close()
		n := 0
		for _, err := range tab.Chunks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != largeFiles*largePacks*largeChunks {
			t.Fatalf("%d chunks walked", n)
		}
		detail = fmt.Sprintf("%d chunks", n)
	}
	took := time.Since(begin)
	fmt.Printf("\nfigure: %s: %.2f s, peak RssAnon+RssShmem %d MB, RssFile %d MB: %s\n",
		step, took.Seconds(), stop(), rss("RssFile"), detail)
}

// largeLookUps asks for chunks that are there and for others.
func largeLookUps(t *testing.T, tab *Table) string {
	const files, per = 40, 10000
	var hit, miss time.Duration
	for k := range files {
		_, f := largeFile(k * largeFiles / files)
		r := rand.New(rand.NewPCG(uint64(k), 5))
		begin := time.Now()
		for range per {
			p := &f.Packs[r.IntN(len(f.Packs))]
			c := &p.Chunks[r.IntN(len(p.Chunks))]
			if l, ok := tab.Find(c.ID, c.Kind, nil); !ok || l.Pack != p.Name {
				t.Fatal("a chunk is not found")
			}
		}
		hit += time.Since(begin)
		var id chunk.ID
		begin = time.Now()
		for range per {
			binary.LittleEndian.PutUint64(id[:], r.Uint64())
			if _, ok := tab.Find(id, chunk.Data, nil); ok {
				t.Fatal("a chunk is found that is not there")
			}
		}
		miss += time.Since(begin)
	}
	if err := tab.Err(); err != nil {
		t.Fatal(err)
	}
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / files / per }
	return fmt.Sprintf("found in %.2f µs, not found in %.2f µs", us(hit), us(miss))
}
