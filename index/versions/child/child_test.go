package child

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"ivyvault/chunk"
	"ivyvault/index/generation"
	"ivyvault/index/versions"
)

// TestMain makes the test binary its own child.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Verb {
		os.Exit(Main(context.Background(), os.Args[2], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func snapshot(n byte) versions.Snapshot {
	return versions.Snapshot{ID: [32]byte{n}, Root: chunk.Ref{Kind: chunk.Page, Size: uint32(n), ID: chunk.ID{n, 1}}}
}

func TestFoldByAChild(t *testing.T) {
	dir := t.TempDir()
	live := []versions.Chain{{Name: "one", Snapshots: []versions.Snapshot{snapshot(1), snapshot(2), snapshot(3)}}, {Name: "", Snapshots: []versions.Snapshot{snapshot(4)}}}
	var asked []string
	feed := func(_ context.Context, before, s versions.Snapshot, put versions.Put) error {
		asked = append(asked, fmt.Sprint(before.Root.Size, " ", s.Root.Size))
		for i := range 3000 {
			if err := put(strings.Repeat("d", i/1000), fmt.Sprint("f", i), versions.State{Kind: 1, ID: [16]byte{s.ID[0]}}); err != nil {
				return err
			}
		}
		if s == snapshot(2) {
			return fmt.Errorf("unreadable: %w", versions.ErrLeaveOut)
		}
		return nil
	}
	rep, err := Run(t.Context(), os.Args[0], dir, live, feed)
	if err != nil || rep.Added != 3 || rep.LeftOut != 1 || rep.Paths != 3000 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if got := fmt.Sprint(asked); got != "[0 1 1 2 1 3 0 4]" {
		t.Errorf("the child asked %s", got)
	}
	tab, err := versions.OpenTable(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if got := tab.Chains(); len(got) != 2 || got[0].Snapshots[1] != snapshot(3) || got[1].Snapshots[0] != snapshot(4) {
		t.Errorf("%+v", got)
	}
	for i := range 3000 {
		path := strings.TrimPrefix(fmt.Sprint(strings.Repeat("d", i/1000), "/f", i), "/")
		spans, err := tab.Get(path, nil)
		if err != nil || len(spans) != 3 || spans[1].State.ID[0] != 3 || spans[2].State.ID[0] != 4 {
			t.Fatalf("%s: %+v, %v", path, spans, err)
		}
	}
}

func TestFailuresAreTold(t *testing.T) {
	broken := errors.New("the store is gone")
	dir, live := t.TempDir(), []versions.Chain{{Snapshots: []versions.Snapshot{snapshot(1)}}}
	fail := func(_ context.Context, _, _ versions.Snapshot, put versions.Put) error {
		return errors.Join(put("d", "f", versions.State{Kind: 1}), broken)
	}
	if _, err := Run(t.Context(), os.Args[0], dir, live, fail); !errors.Is(err, broken) {
		t.Errorf("a feed that failed: %v", err)
	}
	if n := generation.Newest(dir); n != 0 {
		t.Errorf("generation %d was made", n)
	}
	if _, err := Run(t.Context(), "/nowhere/ivyvault", dir, live, fail); err == nil {
		t.Error("a program that can't be started was no failure")
	}
	err := generation.Make(dir, func(string) ([]byte, error) {
		_, err := Run(t.Context(), os.Args[0], dir, live, fail)
		return nil, err
	})
	if !errors.Is(err, versions.ErrFolding) {
		t.Errorf("beside another fold: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancelled := func(context.Context, versions.Snapshot, versions.Snapshot, versions.Put) error {
		cancel(broken)
		return nil
	}
	if _, err := Run(ctx, os.Args[0], dir, live, cancelled); !errors.Is(err, broken) {
		t.Errorf("cancelled: %v", err)
	}
}

func newReader(b []byte) *reader { return &reader{Reader: bufio.NewReader(bytes.NewReader(b))} }

// FuzzChanges reads what a child may be told.
func FuzzChanges(f *testing.F) {
	f.Add([]byte{oneChange, 1, 0, 0, 0, 'd', 1, 0, 0, 0, 'f', 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, endChanges})
	f.Add([]byte{sameDir, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		err := newReader(b).changes(func(dir, name string, s versions.State) error {
			n++
			return nil
		})
		if err == nil && n*22 > len(b) {
			t.Errorf("%d changes in %d bytes", n, len(b))
		}
		if all := newReader(b).chains(); len(all) > len(b) {
			t.Errorf("%d chains in %d bytes", len(all), len(b))
		}
	})
}
