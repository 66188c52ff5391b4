package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"ivyvault/chunk"
)

// The tests in this file run the test program itself as other processes, which
// all make the same index files from their numbers.

const processFiles = 24

func processFile(i int) (Name, File) {
	r := rand.New(rand.NewPCG(uint64(i), 99))
	return randomName(r), randomFile(r, 3, 120)
}

func processNames(n int) (names []Name) {
	for i := range n {
		name, _ := processFile(i)
		names = append(names, name)
	}
	return names
}

func processLoad(_ context.Context, name Name) (Signer, File, error) {
	for i := range processFiles {
		if n, f := processFile(i); n == name {
			return Signer{1}, f, nil
		}
	}
	return Signer{}, File{}, ErrLeaveOut
}

func TestMain(m *testing.M) {
	role, dir := os.Getenv("INDEX_TEST_ROLE"), os.Getenv("INDEX_TEST_DIR")
	if role == "" {
		os.Exit(m.Run())
	}
	rounds, _ := strconv.Atoi(os.Getenv("INDEX_TEST_ROUNDS"))
	work := map[string]func(string, *rand.Rand) error{"fold": foldOnce, "read": readOnce}[role]
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 3))
	for range rounds {
		if err := work(dir, r); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
			os.Exit(1)
		}
	}
}

func foldOnce(dir string, r *rand.Rand) error {
	_, err := Fold(context.Background(), dir, processNames(1+r.IntN(processFiles)), processLoad)
	if errors.Is(err, ErrFolding) {
		return nil
	}
	return err
}

// readOnce opens the table, brings it up to all files and checks every answer.
func readOnce(dir string, r *rand.Rand) error {
	tab := Open(dir)
	defer tab.Close()
	if err := tab.Discarded(); err != nil {
		return err
	}
	for _, name := range tab.Reconcile(processNames(processFiles)) {
		signer, f, err := processLoad(context.Background(), name)
		if err != nil {
			return err
		}
		if err := tab.Add(name, signer, f); err != nil {
			return err
		}
	}
	return checkProcessTable(tab)
}

func checkProcessTable(tab *Table) error {
	total := 0
	for i := range processFiles {
		_, f := processFile(i)
		for _, p := range f.Packs {
			for _, c := range p.Chunks {
				total++
				if l, ok := tab.Find(c.ID, c.Kind, nil); !ok || l.Pack != p.Name || l.Size != c.Size {
					return fmt.Errorf("chunk %v of file %d: %v %v; %w", c.ID, i, l, ok, tab.Err())
				}
			}
		}
	}
	if _, ok := tab.Find(chunk.ID{1}, chunk.Data, nil); ok {
		return errors.New("a chunk was found that is nowhere")
	}
	walked := 0
	for _, err := range tab.Chunks(context.Background()) {
		if err != nil {
			return err
		}
		walked++
	}
	if walked != total || tab.Count() != total {
		return fmt.Errorf("%d chunks walked and %d counted, want %d", walked, tab.Count(), total)
	}
	return tab.Err()
}

// start starts a process in a role; its outcome is what wait returns.
func start(t *testing.T, dir, role string, rounds int) (cmd *exec.Cmd, wait func() error) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "INDEX_TEST_ROLE="+role, "INDEX_TEST_DIR="+dir, fmt.Sprint("INDEX_TEST_ROUNDS=", rounds))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, func() error {
		if err := c.Wait(); err != nil {
			return fmt.Errorf("%w: %s", err, out.Bytes())
		}
		return nil
	}
}

// TestProcesses lets readers come and go in processes of their own while others
// fold and are killed at any moment, beside one Table that stays open all the
// time. No reader may fail and none may see anything but the whole truth.
func TestProcesses(t *testing.T) {
	r := seeded(t, rand.Uint64())
	dir := filepath.Join(t.TempDir(), "index")
	if _, err := Fold(t.Context(), dir, processNames(5), processLoad); err != nil {
		t.Fatal(err)
	}
	long := Open(dir)
	for _, name := range long.Reconcile(processNames(processFiles)) {
		_, f, _ := processLoad(t.Context(), name)
		if err := long.Add(name, Signer{1}, f); err != nil {
			t.Fatal(err)
		}
	}
	var waits []func() error
	for range 2 {
		_, wait := start(t, dir, "read", 12)
		waits = append(waits, wait)
	}
	_, wait := start(t, dir, "fold", 8)
	waits = append(waits, wait)
	for range 8 {
		c, wait := start(t, dir, "fold", 1000)
		time.Sleep(time.Duration(r.IntN(150)) * time.Millisecond)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := wait(); err == nil || c.ProcessState.ExitCode() != -1 {
			t.Errorf("a folding process ended before it was killed: %v", err)
		}
		if err := checkProcessTable(long); err != nil {
			t.Fatal(err)
		}
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			t.Error(err)
		}
	}
	if err := readOnce(dir, r); err != nil {
		t.Error(err)
	}
	if _, err := Fold(t.Context(), dir, processNames(processFiles), processLoad); err != nil {
		t.Fatal(err)
	}
	if err := checkProcessTable(long); err != nil {
		t.Fatal(err)
	}
	if err := long.Close(); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 4 {
		t.Fatalf("in the folder are %q, want CURRENT, make.lock, one generation and its lock", left)
	}
}

// TestConcurrentUse calls everything that may be called concurrently.
func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	if _, err := Fold(t.Context(), dir, processNames(8), processLoad); err != nil {
		t.Fatal(err)
	}
	tab := Open(dir)
	defer tab.Close()
	done := make(chan error, 4)
	go func() {
		for i := 8; i < processFiles; i++ {
			name, f := processFile(i)
			if err := tab.Add(name, Signer{1}, f); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	go func() {
		me := Signer{2}
		for i := range 8 {
			_, f := processFile(100 + i)
			for _, p := range f.Packs {
				if err := tab.AddPack(me, p); err != nil {
					done <- err
					return
				}
			}
			tab.Settle(Name{byte(i)}, me, f.Packs[0].Name, f.Packs[1].Name, f.Packs[2].Name)
			tab.Drop(Name{byte(i)})
		}
		done <- nil
	}()
	for range 2 {
		go func() {
			for range 5 {
				for i := range 8 {
					_, f := processFile(i)
					for _, c := range f.Packs[0].Chunks {
						if _, ok := tab.Find(c.ID, c.Kind, nil); !ok {
							done <- fmt.Errorf("chunk %v is not found", c.ID)
							return
						}
					}
				}
				for _, err := range tab.Chunks(t.Context()) {
					if err != nil {
						done <- err
						return
					}
				}
				tab.ShouldFold(0)
				tab.Count()
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := checkProcessTable(tab); err != nil {
		t.Error(err)
	}
}

func BenchmarkFindBase(b *testing.B) {
	dir := b.TempDir()
	r := rand.New(rand.NewPCG(1, 1))
	f := randomFile(r, 200, 2000)
	load := func(context.Context, Name) (Signer, File, error) { return Signer{}, f, nil }
	if _, err := Fold(b.Context(), dir, []Name{{1}}, load); err != nil {
		b.Fatal(err)
	}
	tab := Open(dir)
	defer tab.Close()
	var all []Chunk
	for _, p := range f.Packs {
		all = append(all, p.Chunks...)
	}
	b.Run("found", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			c := &all[i*7919%len(all)]
			if _, ok := tab.Find(c.ID, c.Kind, nil); !ok {
				b.Fatal("not found")
			}
		}
	})
	b.Run("absent", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			id := all[i*7919%len(all)].ID
			id[20]++
			if _, ok := tab.Find(id, chunk.Data, nil); ok {
				b.Fatal("found")
			}
		}
	})
}
