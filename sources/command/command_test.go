package command

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"ivyvault/sources"
)

// readAll reads the one file of a source and returns what Close says.
func readAll(t *testing.T, s *Source) (paths []string, data string, read, closed error) {
	t.Helper()
	ctx := context.Background()
	c, err := s.Capture(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range c.Entries(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, e.Path)
		if e.Attr.Type != sources.File {
			continue
		}
		if e.Stamp == nil || len(e.Stamp) > 0 {
			t.Errorf("stamp %v: a stream never counts as unchanged", e.Stamp)
		}
		f, err := e.Open(ctx)
		if err != nil {
			read = err
			break
		}
		p, err := io.ReadAll(f)
		data, read = string(p), errors.Join(err, f.Close())
	}
	return paths, data, read, c.Close(ctx)
}

func TestStreams(t *testing.T) {
	whole, err := Reader("/dumps//a.sql", strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	paths, data, read, closed := readAll(t, whole)
	if strings.Join(paths, " ") != "dumps dumps/a.sql" || data != "content" || read != nil || closed != nil {
		t.Errorf("%v %q %v %v", paths, data, read, closed)
	}
	for _, c := range []struct {
		argv string
		data string
		ok   bool
	}{
		{"printf hello", "hello", true},
		{"true", "", true},
		{"printf half; exit 3", "half", false},
		{"kill -9 $$", "", false},
	} {
		s, err := New("x", []string{"sh", "-c", c.argv}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		_, data, _, closed := readAll(t, s)
		if data != c.data || (closed == nil) != c.ok {
			t.Errorf("%s: %q, %v", c.argv, data, closed)
		}
	}
	s, err := New("x", []string{"/nowhere/at/all"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, read, closed := readAll(t, s); read == nil || closed == nil {
		t.Errorf("a command that isn't there: %v, %v", read, closed)
	}
}

// A reader that stops early must not pass for one that saw the end.
func TestLeftEarly(t *testing.T) {
	ctx := context.Background()
	s, err := New("x", []string{"sh", "-c", "while :; do echo y; done"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Capture(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for e := range c.Entries(ctx) {
		f, err := e.Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(f, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		f.Close() // how the command ends then says nothing
	}
	if c.Close(ctx) == nil {
		t.Error("half a stream was taken for a whole one")
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "/", ".", "../..", "a\x00b"} {
		if _, err := Reader(name, nil); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	if s, err := Reader("../../x", nil); err != nil || s.Path() != "/x" {
		t.Errorf("%v %v", s, err)
	}
	if _, err := New("x", nil, nil); err == nil {
		t.Error("no command was accepted")
	}
}
