package secondreader

import (
	"strings"
	"testing"
)

// lived is a state in which snapshot 1 has form 2, index file 3 lives, pack 4
// is marked and run 5 kept. Its newest entry is 9.
func lived() *state {
	s := newState()
	s.snapshots[hash{1}] = hash{2}
	s.index[hash{3}] = true
	s.marked[hash{4}] = mark{7, 70}
	s.kept[runID{5}] = keep{entry: 8, time: 80, index: []hash{{6}}}
	return s
}

// TestContradictions: a reader refuses an entry that contradicts those before
// it, or that its signer may not write.
func TestContradictions(t *testing.T) {
	full := func(kind byte, e logEntry) logEntry {
		e.number, e.role, e.kind = 10, roleFull, kind
		return e
	}
	backup := func(kind byte, e logEntry) logEntry {
		e = full(kind, e)
		e.role = roleBackup
		return e
	}
	same := full(typeState, logEntry{state: lived(), newestState: 10})
	other := full(typeState, logEntry{state: newState(), newestState: 10})
	less := full(typeState, logEntry{state: lived(), newestState: 10})
	delete(less.state.kept, runID{5})
	for _, c := range []struct {
		what  string
		entry logEntry
		wrong string // part of the error; nothing where the entry is right
	}{
		{"a state", same, ""},
		{"a state of nothing", other, "not what"},
		{"a state without a keep", less, "not what"},
		{"a state by a backup key", backup(typeState, logEntry{state: lived(), newestState: 10}), "may not"},
		{"a state that names another", full(typeState, logEntry{state: lived()}), "another entry"},
		{"an entry that names a state that is none", full(typeForget, logEntry{newestState: 4}), "another entry"},
		{"a first form", backup(typeCommit, logEntry{id: hash{8}, form: hash{8}}), ""},
		{"a first form under another id", full(typeCommit, logEntry{id: hash{8}, form: hash{9}}), "another id"},
		{"a first form of what lives", full(typeCommit, logEntry{id: hash{1}, form: hash{1}}), "lives"},
		{"another form", full(typeCommit, logEntry{id: hash{1}, form: hash{9}, replaces: hash{2}}), ""},
		{"another form by a backup key", backup(typeCommit, logEntry{id: hash{1}, form: hash{9}, replaces: hash{2}}), "may not"},
		{"another form of an old form", full(typeCommit, logEntry{id: hash{1}, form: hash{9}, replaces: hash{1}}), "present one"},
		{"another form of nothing", full(typeCommit, logEntry{id: hash{7}, form: hash{9}, replaces: hash{7}}), "present one"},
		{"a form that replaces itself", full(typeCommit, logEntry{id: hash{1}, form: hash{2}, replaces: hash{2}}), "nothing"},
		{"a commit of zeros", full(typeCommit, logEntry{}), "nothing"},
		{"a forget", full(typeForget, logEntry{snapshots: []hash{{1}}}), ""},
		{"a forget by a backup key", backup(typeForget, logEntry{snapshots: []hash{{1}}}), "may not"},
		{"a forget of nothing", full(typeForget, logEntry{snapshots: []hash{{2}}}), "isn't there"},
		{"a mark by a backup key", backup(typeMark, logEntry{}), "may not"},
		{"a keep", backup(typeKeep, logEntry{run: runID{5}}), ""},
		{"a keep for nobody", backup(typeKeep, logEntry{}), "without a run"},
		{"a sweep", full(typeSweep, logEntry{packs: []hash{{4}}, indexRemoved: []hash{{3}}, ended: []runID{{5}}}), ""},
		{"a sweep by a backup key", backup(typeSweep, logEntry{}), "may not"},
		{"a sweep that adds what it removes", full(typeSweep, logEntry{index: []hash{{3}}, indexRemoved: []hash{{3}}}), "that it removes"},
	} {
		err := lived().apply(&c.entry)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want %q", c.what, err, c.wrong)
		}
	}
}

// TestChanges: what entries make of a state.
func TestChanges(t *testing.T) {
	s := lived()
	for _, e := range []logEntry{
		{kind: typeMark, number: 10, time: 100, packs: []hash{{4}, {5}}}, // 4 keeps its oldest mark
		{kind: typeCommit, number: 11, id: hash{8}, form: hash{8}, run: runID{5}, index: []hash{{9}}},
		{kind: typeForget, number: 12, snapshots: []hash{{1}}},
		{kind: typeSweep, number: 13, packs: []hash{{5}}, indexRemoved: []hash{{3}}, index: []hash{{10}}},
	} {
		e.role = roleFull
		if err := s.apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	want := newState()
	want.snapshots[hash{8}] = hash{8}
	want.index[hash{9}], want.index[hash{10}] = true, true
	want.marked[hash{4}] = mark{7, 70}
	if err := s.same(want); err != nil {
		t.Errorf("%+v, want %+v", s, want)
	}
}

// FuzzDecoders: whatever stands in an object, a decoder returns.
func FuzzDecoders(f *testing.F) {
	f.Add([]byte{typeState, 1, 0, 0, 0, 0, 0})
	f.Add([]byte{typeSweep, 1, 0, 0, 0, 0, 0})
	f.Add(append([]byte{1, kindData}, make([]byte, 40)...))
	f.Add(append(head(kindKey), make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, p []byte) {
		var e logEntry
		if e.parse(p) == nil && e.kind == typeState && len(e.state.kept) > len(p)/16 {
			t.Error("more kept runs than bytes")
		}
		pack := openPack{byID: map[hash]int{}}
		if pack.parseTable(p, 1, 1<<20, &nameKeys{}) == nil && len(pack.chunks) == 0 {
			t.Error("a table without chunks")
		}
		if len(p) >= headSize {
			if s, err := parseSlot(p); err == nil && s.memory > 4_194_304 {
				t.Error("memory out of bounds")
			}
		}
		if _, err := parseSnapshot(p, hash{}, hash{}); err == nil && len(p) < 2 {
			t.Error("a snapshot of nothing")
		}
	})
}
