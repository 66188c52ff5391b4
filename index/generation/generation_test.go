package generation

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// build returns a builder of a generation with a small and a large file.
func build(text string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if err := os.WriteFile(filepath.Join(path, "small"), []byte(text), 0o644); err != nil {
			return nil, err
		}
		err := os.WriteFile(filepath.Join(path, "large"), bytes.Repeat([]byte(text), hashed), 0o644)
		return []byte("note of " + text), err
	}
}

func mustMake(t *testing.T, dir, text string) {
	t.Helper()
	if err := Make(dir, build(text)); err != nil {
		t.Fatal(err)
	}
}

// holds fails unless g is the generation made with text.
func holds(t *testing.T, g *Generation, text string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(g.Path, "small"))
	if err != nil || string(b) != text || string(g.Note) != "note of "+text {
		t.Fatalf("generation holds %q and %q (%v), want %q", b, g.Note, err, text)
	}
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestReaderKeepsItsGeneration(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made by Make")
	if _, err := Open(dir); !errors.Is(err, ErrNone) {
		t.Fatalf("before the first: %v", err)
	}
	mustMake(t, dir, "one")
	one, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	mustMake(t, dir, "two")
	mustMake(t, dir, "three")
	holds(t, one, "one")
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, again, "one")
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	three, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer three.Close()
	holds(t, three, "three")
	if got := names(t, dir); !slices.Equal(got, []string{"CURRENT", "gen-3", "gen-3.lock", "make.lock"}) {
		t.Fatalf("left: %v", got)
	}
	for _, n := range []string{"small", "large", "manifest"} {
		if info, err := os.Stat(filepath.Join(three.Path, n)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v %v", n, info.Mode(), err)
		}
	}
}

func TestFailedMake(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, "one")
	boom := errors.New("boom")
	err := Make(dir, func(path string) ([]byte, error) {
		if err := Make(dir, build("inner")); !errors.Is(err, ErrBusy) {
			t.Errorf("two at once: %v", err)
		}
		if err := Sweep(dir); !errors.Is(err, ErrBusy) {
			t.Errorf("a sweep meanwhile: %v", err)
		}
		_, err := build("two")(path)
		return nil, errors.Join(err, boom)
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	g, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	holds(t, g, "one")
	if got := names(t, dir); len(got) != 4 {
		t.Fatalf("left: %v", got)
	}
}

// TestLeftovers puts what a killed maker leaves at each of its steps.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, "one")
	if err := os.MkdirAll(filepath.Join(dir, "tmp-123", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"gen-2.lock", "CURRENT.new"} {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "gen-7"), 0o700); err != nil {
		t.Fatal(err)
	}
	g, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, g, "one")
	g.Close()
	mustMake(t, dir, "two")
	g, err = Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	holds(t, g, "two")
	if g.Number <= 7 {
		t.Errorf("number %d was there before", g.Number)
	}
	if got := names(t, dir); len(got) != 4 {
		t.Fatalf("left: %v", got)
	}
}

func TestDamage(t *testing.T) {
	write := func(b string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(b), 0o600) }
	}
	cut := func(path string) error { return os.Truncate(path, 10) }
	for _, c := range []struct {
		path string
		harm func(string) error
	}{
		{"CURRENT", write("")},
		{"CURRENT", cut},
		{"CURRENT", write("generation 2\n1 00\n00\n")},
		{"CURRENT", write("\n\n\n")},
		{"CURRENT", write(string(current{9, [32]byte{}}.bytes()))},
		{"gen-1", os.RemoveAll},
		{"gen-1.lock", os.Remove},
		{"gen-1/manifest", os.Remove},
		{"gen-1/manifest", cut},
		{"gen-1/small", os.Remove},
		{"gen-1/small", write("two")},
		{"gen-1/large", cut},
		{"gen-1/large", os.Remove},
	} {
		dir := t.TempDir()
		mustMake(t, dir, "one")
		if err := c.harm(filepath.Join(dir, c.path)); err != nil {
			t.Fatal(err)
		}
		var damage *DamageError
		if _, err := Open(dir); !errors.As(err, &damage) || damage.Error() == "" {
			t.Errorf("%s: %v, want damage", c.path, err)
		}
		mustMake(t, dir, "two")
		g, err := Open(dir)
		if err != nil {
			t.Errorf("%s: not made good: %v", c.path, err)
			continue
		}
		holds(t, g, "two")
		g.Close()
	}
}

func TestDisown(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, "one")
	g, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	mustMake(t, dir, "two")
	if err := g.Disown(); err != nil { // it is not the named one: nothing happens
		t.Fatal(err)
	}
	two, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if err := two.Disown(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrNone) {
		t.Fatalf("after disowning: %v", err)
	}
	holds(t, two, "two")
}

// TestOpenWhileMade opens again and again while generations come and go.
func TestOpenWhileMade(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, "0")
	done := make(chan error)
	for range 2 {
		go func() {
			for last := uint64(0); ; {
				g, err := Open(dir)
				if err == nil && g.Number < last {
					err = fmt.Errorf("generation %d after %d", g.Number, last)
				}
				if err != nil {
					done <- err
					return
				}
				last = g.Number
				text := string(g.Note[len("note of "):])
				b, err := os.ReadFile(filepath.Join(g.Path, "small"))
				if err == nil && string(b) != text {
					err = fmt.Errorf("it holds %q, want %q", b, text)
				}
				if e := g.Close(); err == nil {
					err = e
				}
				if err != nil || text == "40" {
					done <- err
					return
				}
			}
		}()
	}
	for i := 1; i <= 40; {
		switch err := Make(dir, build(fmt.Sprint(i))); {
		case err == nil:
			i++
		case !errors.Is(err, ErrBusy): // a reader that leaves may be sweeping
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
