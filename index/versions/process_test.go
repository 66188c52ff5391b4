package versions

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
	"ivyvault/index/generation"
)

// The processes of a test share a history that each can work out: snapshot i
// has, at path k, a state that changes every k%7+1 snapshots.
const (
	processSnapshots = 40
	processPaths     = 3000
)

func processSnapshot(i int) Snapshot {
	return Snapshot{ID: [32]byte{byte(i)}, Root: chunk.Ref{Kind: chunk.Page, Size: uint32(i + 1)}}
}

func processPath(k int) (dir, name string) { return fmt.Sprint("d", k%10), fmt.Sprintf("file %05d", k) }

func processState(i, k int) State {
	return State{Kind: 1, ID: [16]byte{1, byte(k), byte(k >> 8), byte(i / (k%7 + 1))}}
}

func processFeed(_ context.Context, before, s Snapshot, put Put) error {
	old := int(before.Root.Size) - 1
	now := int(s.Root.Size) - 1
	for d := range 10 {
		if old < 0 {
			if err := put("", fmt.Sprint("d", d), State{Kind: 2}); err != nil {
				return err
			}
		}
		for k := d; k < processPaths; k += 10 {
			if old >= 0 && processState(old, k) == processState(now, k) {
				continue
			}
			dir, name := processPath(k)
			if err := put(dir, name, processState(now, k)); err != nil {
				return err
			}
		}
	}
	return nil
}

func foldOnce(dir string, r *rand.Rand) error {
	c := Chain{Name: "chain"}
	for i := range 1 + r.IntN(processSnapshots) {
		if r.IntN(4) > 0 {
			c.Snapshots = append(c.Snapshots, processSnapshot(i))
		}
	}
	_, err := Fold(context.Background(), dir, []Chain{c}, processFeed)
	if errors.Is(err, ErrFolding) {
		time.Sleep(2 * time.Millisecond)
		return nil
	}
	return err
}

func readOnce(dir string, _ *rand.Rand) error {
	t, err := OpenTable(dir)
	if err != nil {
		return err
	}
	return errors.Join(checkProcessTable(t), t.Close())
}

func checkProcessTable(t *Table) error {
	for d := range 10 {
		ch := t.Children(fmt.Sprint("d", d), "")
		for k := d; k < processPaths; k += 10 {
			_, want := processPath(k)
			name, spans, ok := ch.Next()
			if len(t.Chains()) == 0 || len(t.Chains()[0].Snapshots) == 0 {
				want, ok = "", !ok
			}
			if !ok || string(name) != want {
				ch.Close()
				return fmt.Errorf("%q stands where %q should; %w", name, want, ch.Err())
			}
			for _, s := range spans {
				list := t.Chains()[s.Chain].Snapshots
				for _, snap := range list[s.From:min(s.To, uint32(len(list)))] {
					if want := processState(int(snap.Root.Size)-1, k); s.State != want {
						ch.Close()
						return fmt.Errorf("%q is %v, want %v", name, s.State, want)
					}
				}
			}
		}
		_, _, more := ch.Next()
		err := ch.Err()
		ch.Close()
		if more || err != nil {
			return fmt.Errorf("more names than there are, %v, or: %w", more, err)
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	role, dir := os.Getenv("VERSIONS_TEST_ROLE"), os.Getenv("VERSIONS_TEST_DIR")
	if role == "" {
		os.Exit(m.Run())
	}
	rounds, _ := strconv.Atoi(os.Getenv("VERSIONS_TEST_ROUNDS"))
	work := map[string]func(string, *rand.Rand) error{"fold": foldOnce, "read": readOnce}[role]
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 3))
	for range rounds {
		if err := work(dir, r); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
			os.Exit(1)
		}
	}
}

// start starts a process in a role; its outcome is what wait returns.
func start(t *testing.T, dir, role string, rounds int) (cmd *exec.Cmd, wait func() error) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "VERSIONS_TEST_ROLE="+role, "VERSIONS_TEST_DIR="+dir, fmt.Sprint("VERSIONS_TEST_ROUNDS=", rounds))
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
// fold and are killed at any moment, beside a Table that stays open all the
// time. No reader may fail or see what was not.
func TestProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "versions")
	r := rand.New(rand.NewPCG(1, 1))
	if err := foldOnce(dir, r); err != nil {
		t.Fatal(err)
	}
	long, err := OpenTable(dir)
	if err != nil {
		t.Fatal(err)
	}
	var waits []func() error
	for _, role := range []string{"read", "read", "fold"} {
		_, wait := start(t, dir, role, 8)
		waits = append(waits, wait)
	}
	for range 6 {
		c, wait := start(t, dir, "fold", 1000)
		time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
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
	if err := foldOnce(dir, r); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(readOnce(dir, r), checkProcessTable(long), long.Close(), generation.Sweep(dir)); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 4 {
		t.Fatalf("in the folder are %q, want CURRENT, make.lock, one generation and its lock", left)
	}
}

func BenchmarkGet(b *testing.B) {
	dir := b.TempDir()
	c := Chain{Name: "chain"}
	for i := range 30 {
		c.Snapshots = append(c.Snapshots, processSnapshot(i))
	}
	if _, err := Fold(b.Context(), dir, []Chain{c}, processFeed); err != nil {
		b.Fatal(err)
	}
	t, err := OpenTable(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer t.Close()
	var room []Span
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d, name := processPath(i * 7919 % processPaths)
		if room, err = t.Get(d+"/"+name, room[:0]); err != nil || len(room) == 0 {
			b.Fatal(len(room), err)
		}
	}
}

func BenchmarkChildren(b *testing.B) {
	dir := b.TempDir()
	if _, err := Fold(b.Context(), dir, []Chain{{Snapshots: []Snapshot{processSnapshot(1)}}}, processFeed); err != nil {
		b.Fatal(err)
	}
	t, err := OpenTable(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer t.Close()
	b.ReportAllocs()
	names := 0
	for b.Loop() {
		ch := t.Children("d3", "")
		for _, _, ok := ch.Next(); ok; _, _, ok = ch.Next() {
			names++
		}
		ch.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(names), "ns/name")
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Fold(b.Context(), b.TempDir(), []Chain{{Snapshots: []Snapshot{processSnapshot(1), processSnapshot(2)}}}, processFeed); err != nil {
			b.Fatal(err)
		}
	}
}
