package axonserver

import (
	"bytes"
	"strings"
	"testing"
	"testing/quick"

	"ivyvault/sources/axonserver/segment"
)

func someState() *state {
	d := strings.Repeat("0a", digestBytes)
	return &state{
		Format: stateFormat, Kind: "events", Context: "default", Chain: strings.Repeat("1b", chainBytes), Closed: 10,
		Segments: []known{
			{Number: 0, Events: 10, Digest: d, Mode: 0o644, Files: []piece{{Size: 4096, MTime: 5, Nsec: 6}, {Part: segment.Index, Size: 8}, {Part: segment.Bloom, Size: 9}}},
			{Number: 10, Version: 2, Events: 5, Digest: d, UID: 7, GID: 8, Files: []piece{{Size: 4096}}},
		},
		Open: []begun{{Number: 15, Events: 3, End: 300, Digest: d}}, Global: []string{"00000000000000000000.xref"},
	}
}

// What decodes comes out of encode the same, and no input does harm.
func FuzzState(f *testing.F) {
	good, err := someState().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("{}"))
	f.Add(bytes.ReplaceAll(good, []byte(`"n":10`), []byte(`"n":11`)))
	f.Fuzz(func(t *testing.T, p []byte) {
		s, err := decodeState(p)
		if err != nil {
			return
		}
		one, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeState(one)
		if err != nil {
			t.Fatalf("what was encoded is refused: %v", err)
		}
		if two, err := again.encode(); err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%s becomes %s, %v", one, two, err)
		}
	})
}

func TestStateRefused(t *testing.T) {
	for name, change := range map[string]func(*state){
		"a gap":             func(s *state) { s.Segments[1].Number = 11 },
		"another format":    func(s *state) { s.Format = 2 },
		"no chain":          func(s *state) { s.Chain = "" },
		"no files":          func(s *state) { s.Segments[0].Files = nil },
		"no data":           func(s *state) { s.Segments[0].Files = s.Segments[0].Files[1:] },
		"files twice":       func(s *state) { s.Segments[0].Files[2].Part = segment.Index },
		"no events":         func(s *state) { s.Segments[1].Events = 0 },
		"a digest":          func(s *state) { s.Segments[0].Digest = "xyz" },
		"an open segment":   func(s *state) { s.Open[0].End = 4 },
		"a name":            func(s *state) { s.Global[0] = "../../etc/passwd" },
		"a part that isn't": func(s *state) { s.Segments[0].Files[2].Part = 9 },
	} {
		s := someState()
		change(s)
		p, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeState(p); err == nil {
			t.Errorf("%s: it was accepted", name)
		}
	}
	p, _ := someState().encode()
	if _, err := decodeState(append(p, p...)); err == nil {
		t.Error("two states were taken for one")
	}
}

// The longest entry of the path map counts, whole names only.
func TestHere(t *testing.T) {
	c := Config{PathMap: map[string]string{"/axonserver": "/a", "/axonserver/events/": "/vol/events", "/": "/host"}}
	for server, want := range map[string]string{
		"/axonserver/events/default/0.events": "/vol/events/default/0.events",
		"/axonserver/./data/x":                "/a/data/x",
		"/axonserver":                         "/a",
		"/axonserver2/x":                      "/host/axonserver2/x",
		"/axonserver/events":                  "/vol/events",
		"/axonserver/events/../x":             "/a/x",
	} {
		if got := c.here(server); got != want {
			t.Errorf("%s lies at %s, want %s", server, got, want)
		}
	}
	if err := quick.Check(func(a string) bool {
		got, ok := below("/x", "/x/"+a)
		return ok && got == a
	}, nil); err != nil {
		t.Error(err)
	}
}

// Of a segment that is named in several versions the highest counts, in
// whatever order they come.
func TestPut(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		all := map[int64]*group{}
		for _, v := range order {
			for _, part := range []segment.Part{segment.Data, segment.Index} {
				put(all, place{segment.Name{Number: 5, Version: v, Part: part}, "x"})
			}
		}
		if g := all[5]; len(all) != 1 || g.version != 2 || len(g.files) != 2 || g.files[segment.Index].name.Version != 2 {
			t.Errorf("%v: %+v", order, g)
		}
	}
}
