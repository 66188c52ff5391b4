package foldproc

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"ivyvault/chunk"
	"ivyvault/index"
)

// TestMain makes the test binary its own child.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Verb {
		os.Exit(Child(context.Background(), os.Args[2], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// file makes an index file of one pack with chunks numbered from first.
func file(first, n int) index.File {
	p := index.Pack{Kind: index.DataPack, Size: 1 << 24}
	binary.LittleEndian.PutUint64(p.Name[:], uint64(first)+1)
	for i := range n {
		c := index.Chunk{Kind: chunk.Data, Size: 1000, Stored: 100}
		binary.BigEndian.PutUint64(c.ID[:], uint64(first+i)*0x9e3779b97f4a7c15)
		p.Chunks = append(p.Chunks, c)
	}
	return index.File{Packs: []index.Pack{p}}
}

func TestFoldByAChild(t *testing.T) {
	dir := t.TempDir()
	files := map[index.Name]index.File{}
	var live []index.Name
	for i := range 5 {
		n := index.Name{byte(i + 1)}
		files[n] = file(i*1000, 1000)
		live = append(live, n)
	}
	gone := index.Name{99}
	asked := 0
	load := func(_ context.Context, n index.Name) (index.Signer, []byte, error) {
		asked++
		f, ok := files[n]
		if !ok {
			return index.Signer{}, nil, index.ErrLeaveOut
		}
		p, err := index.Encode(f)
		return index.Signer{7}, p, err
	}
	if err := Run(context.Background(), os.Args[0], dir, append(live, gone), load); err != nil {
		t.Fatal(err)
	}
	ix := index.Open(dir)
	defer ix.Close()
	if why := ix.Discarded(); why != nil {
		t.Fatal(why)
	}
	if got := len(ix.Covered()); got != 5 {
		t.Errorf("the base covers %d index files, want 5", got)
	}
	for _, f := range files {
		for i, c := range f.Packs[0].Chunks {
			loc, ok := ix.Find(c.ID, chunk.Data, nil)
			if !ok || loc.Ordinal != uint32(i) || loc.Signer != (index.Signer{7}) {
				t.Fatalf("chunk %d: %v %+v", i, ok, loc)
			}
		}
	}
	if asked != 6 {
		t.Errorf("the child asked %d times, want 6", asked)
	}
}

func TestFailuresAreTold(t *testing.T) {
	broken := errors.New("the store is gone")
	err := Run(context.Background(), os.Args[0], t.TempDir(), []index.Name{{1}}, func(context.Context, index.Name) (index.Signer, []byte, error) {
		return index.Signer{}, nil, broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("a load that failed: %v", err)
	}
	if err := Run(context.Background(), "/nowhere/ivyvault", t.TempDir(), nil, nil); err == nil {
		t.Error("a program that can't be started was no failure")
	}
}
