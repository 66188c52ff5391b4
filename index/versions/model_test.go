package versions

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ivyvault/chunk"
)

// model knows what stands where in every snapshot that was ever made.
type model struct {
	r      *rand.Rand
	trees  map[Snapshot]map[string]State
	now    map[string]map[string]State // by chain
	live   []Chain
	made   uint64
	broken map[Snapshot]bool // that can't be fed
}

func newModel(seed uint64) *model {
	return &model{r: rand.New(rand.NewPCG(seed, 3)), trees: map[Snapshot]map[string]State{}, now: map[string]map[string]State{}, broken: map[Snapshot]bool{}}
}

func (m *model) state() State {
	s := State{Kind: uint8(1 + m.r.IntN(3))}
	if m.r.IntN(3) > 0 {
		s.ID[m.r.IntN(16)] = byte(1 + m.r.IntN(3))
	}
	return s
}

func (m *model) path() string {
	parts := make([]string, 1+m.r.IntN(3))
	for i := range parts {
		parts[i] = []string{"a", "a.b", "ab", "\x01", "a\x01", "\xff", "z"}[m.r.IntN(7)]
	}
	return strings.Join(parts, "/")
}

// set puts a state at a path, and directories above it.
func (m *model) set(now map[string]State, path string, s State) {
	for i, c := range path {
		if c == '/' {
			if _, ok := now[path[:i]]; !ok {
				now[path[:i]] = State{Kind: 9}
			}
		}
	}
	now[path] = s
}

func (m *model) snapshot(chain string) {
	now := m.now[chain]
	if now == nil {
		now = map[string]State{}
		m.now[chain] = now
	}
	for range m.r.IntN(6) {
		path := m.path()
		if m.r.IntN(3) > 0 {
			m.set(now, path, m.state())
			continue
		}
		for p := range now {
			if p == path || strings.HasPrefix(p, path+"/") {
				delete(now, p)
			}
		}
	}
	m.made++
	var s Snapshot
	binary.BigEndian.PutUint64(s.ID[:], m.made)
	s.Root = chunk.Ref{Kind: chunk.Page, Size: 5, ID: chunk.ID{byte(m.made)}}
	m.trees[s] = maps.Clone(now)
	m.broken[s] = m.r.IntN(10) == 0
	i := slices.IndexFunc(m.live, func(c Chain) bool { return c.Name == chain })
	if i < 0 {
		i = len(m.live)
		m.live = append(m.live, Chain{Name: chain})
	}
	c := &m.live[i]
	c.Snapshots = slices.Insert(slices.Clone(c.Snapshots), m.r.IntN(len(c.Snapshots)+1), s)
}

func (m *model) forget() {
	if len(m.live) == 0 {
		return
	}
	i := m.r.IntN(len(m.live))
	c := &m.live[i]
	j := m.r.IntN(len(c.Snapshots))
	if c.Snapshots = slices.Delete(slices.Clone(c.Snapshots), j, j+1); len(c.Snapshots) == 0 {
		m.live = slices.Delete(m.live, i, i+1)
	}
	m.r.Shuffle(len(m.live), func(i, j int) { m.live[i], m.live[j] = m.live[j], m.live[i] })
}

var errDisk = errors.New("a page is unreadable")

// feed says what differs, in no order, and more than that.
func (m *model) feed(_ context.Context, before, s Snapshot, put Put) error {
	old, now := m.trees[before], m.trees[s]
	for path := range old {
		if _, ok := now[path]; !ok {
			if err := m.put(put, path, State{}); err != nil {
				return err
			}
		}
	}
	for path, state := range now {
		if m.broken[s] && m.r.IntN(3) == 0 {
			return fmt.Errorf("%w: %w", ErrLeaveOut, errDisk)
		}
		if old[path] != state || m.r.IntN(4) == 0 {
			if err := m.put(put, path, state); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *model) put(put Put, path string, s State) error {
	i := strings.LastIndexByte(path, '/')
	return put(path[:max(i, 0)], path[i+1:], s)
}

// check compares a table with the model, and returns how many snapshots it has.
func (m *model) check(t *testing.T, tab *Table) int {
	t.Helper()
	want := map[string]map[Snapshot]State{"": {}}
	held := 0
	for _, c := range tab.Chains() {
		for _, s := range c.Snapshots {
			held++
			for path, state := range m.trees[s] {
				if want[path] == nil {
					want[path] = map[Snapshot]State{}
				}
				want[path][s] = state
			}
		}
	}
	got := func(path string, spans []Span) {
		t.Helper()
		states := map[Snapshot]State{}
		for i, s := range spans {
			list := tab.Chains()[s.Chain].Snapshots
			if i > 0 && (spans[i-1].Chain > s.Chain || spans[i-1].Chain == s.Chain && (spans[i-1].To > s.From || spans[i-1].To == s.From && spans[i-1].State == s.State)) {
				t.Fatalf("spans of %q are not in order: %+v", path, spans)
			}
			for _, snap := range list[s.From:min(s.To, uint32(len(list)))] {
				states[snap] = s.State
			}
		}
		if !maps.Equal(states, want[path]) {
			t.Fatalf("%q is %v, want %v", path, states, want[path])
		}
	}
	for path := range want {
		if path != "" {
			spans, err := tab.Get(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			got(path, spans)
		}
		var names []string
		for p := range want {
			if rest, ok := strings.CutPrefix(p, path+"/"); path != "" && ok && !strings.Contains(rest, "/") {
				names = append(names, rest)
			} else if path == "" && p != "" && !strings.Contains(p, "/") {
				names = append(names, p)
			}
		}
		slices.Sort(names)
		for after := range len(names) + 1 {
			last := ""
			if after > 0 {
				last = names[after-1]
			}
			ch := tab.Children(path, last)
			for _, name := range names[after:] {
				n, spans, ok := ch.Next()
				if !ok || string(n) != name {
					t.Fatalf("below %q after %q stands %q %v, want %q; %v", path, last, n, ok, name, ch.Err())
				}
				if path != "" {
					name = path + "/" + name
				}
				got(name, spans)
			}
			if n, _, ok := ch.Next(); ok || ch.Err() != nil {
				t.Fatalf("below %q stands %q beyond the end; %v", path, n, ch.Err())
			}
			ch.Close()
		}
	}
	for _, never := range []string{"never", "/a", "a//a", "a\x00a", "a/"} {
		if spans, err := tab.Get(never, nil); err != nil || len(spans) > 0 {
			t.Fatalf("%q: %v %v", never, spans, err)
		}
	}
	return held
}

func TestAgainstAModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(3) {
		m := newModel(seed + round)
		dir := filepath.Join(t.TempDir(), "versions")
		for range 10 {
			for range m.r.IntN(25) {
				if m.r.IntN(4) == 0 {
					m.forget()
				} else {
					m.snapshot(fmt.Sprint("chain ", m.r.IntN(3)))
				}
			}
			// Tiny arenas and few runs, so that changes are spilled and
			// snapshots postponed.
			rep, err := foldSized(t.Context(), dir, m.live, m.feed, 500+m.r.IntN(5000), int64(500+m.r.IntN(20000)))
			if err != nil {
				t.Fatal(err)
			}
			total := 0
			for _, c := range m.live {
				total += len(c.Snapshots)
			}
			tab, err := OpenTable(dir)
			if err != nil {
				t.Fatal(err)
			}
			if held := m.check(t, tab); held != rep.Snapshots || held+rep.LeftOut+rep.Postponed != total {
				t.Fatalf("%d of %d snapshots: %+v", held, total, rep)
			}
			if err := tab.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestManySpans has a row that needs continuations.
func TestManySpans(t *testing.T) {
	m := newModel(1)
	for i := range 5000 {
		m.made++
		s := Snapshot{Root: chunk.Ref{Kind: chunk.Page, Size: 1}}
		binary.BigEndian.PutUint64(s.ID[:], m.made)
		state := State{Kind: 1, ID: [16]byte{1, byte(i), byte(i >> 8)}}
		m.trees[s] = map[string]State{"a": state, "a/b": {Kind: 1}, "a.b": state, "z": {Kind: 2}}
		if len(m.live) == 0 {
			m.live = []Chain{{Name: "c"}}
		}
		m.live[0].Snapshots = append(m.live[0].Snapshots, s)
	}
	dir := filepath.Join(t.TempDir(), "versions")
	for range 2 {
		if _, err := Fold(t.Context(), dir, m.live, m.feed); err != nil {
			t.Fatal(err)
		}
		tab, err := OpenTable(dir)
		if err != nil {
			t.Fatal(err)
		}
		if m.check(t, tab) != len(m.live[0].Snapshots) || tab.rows < 8 {
			t.Errorf("%d rows", tab.rows)
		}
		if err := tab.Close(); err != nil {
			t.Fatal(err)
		}
		m.live[0].Snapshots = slices.DeleteFunc(slices.Clone(m.live[0].Snapshots), func(s Snapshot) bool { return s.ID[7]%3 == 0 })
	}
}

func TestFailedFeedChangesNothing(t *testing.T) {
	m := newModel(2)
	for range 5 {
		m.snapshot("c")
	}
	clear(m.broken)
	dir := filepath.Join(t.TempDir(), "versions")
	if _, err := Fold(t.Context(), dir, m.live, m.feed); err != nil {
		t.Fatal(err)
	}
	have := len(m.live[0].Snapshots)
	m.snapshot("c")
	if _, err := Fold(t.Context(), dir, m.live, func(context.Context, Snapshot, Snapshot, Put) error { return errDisk }); !errors.Is(err, errDisk) {
		t.Errorf("the feed failed, the fold returned %v", err)
	}
	tab, err := OpenTable(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if m.check(t, tab) != have {
		t.Error("the table has changed")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
