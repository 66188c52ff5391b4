package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/axonserver/store"
)

// orders is a store of 5 aggregates with 200 events each, in 5 segments, in
// transactions of 7 events that take 3 blocks each, and snapshots at 99 and 199.
func orders(dir string) (*axontest.Store, []axontest.File) {
	s := axontest.NewStore(dir)
	shape := axontest.Shape{SegmentSize: 32 << 10, BlockEvents: 3}
	files := axontest.Write(shape, 0, axontest.Orders(5, 200, 7)...)
	s.AddEvents(0, files...)
	shape.SegmentSize = 700
	s.AddSnapshots(axontest.Write(shape, 0, append(axontest.SnapshotsOf(5, 99), axontest.SnapshotsOf(5, 199)...)...)...)
	return s, files
}

func verify(t *testing.T, fsys fs.FS, opt store.Options) *store.Report {
	t.Helper()
	r, err := store.Verify(t.Context(), fsys, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// said returns causes and files of all problems, and the notices.
func said(c store.ContextReport) (problems []string, notices string) {
	for _, p := range c.Problems {
		problems = append(problems, fmt.Sprintf("%s %s@%d", p.Cause, p.File, p.Offset))
		if p.What == "" || p.Do == "" {
			problems = append(problems, "a problem that says nothing")
		}
	}
	return problems, strings.Join(c.Notices, "\n")
}

func TestWholeStore(t *testing.T) {
	s, files := orders("default")
	if len(files) < 5 {
		t.Fatalf("only %d segments", len(files))
	}
	var told []store.Progress
	r := verify(t, s, store.Options{Readers: 4, Progress: func(p store.Progress) { told = append(told, p) }})
	c := r.Contexts[0]
	if problems, notices := said(c); len(problems) > 0 || notices != "" || r.Damaged {
		t.Errorf("%v %s", problems, notices)
	}
	if c.Events.Events != 1000 || c.Events.Last != 999 || c.Events.Segments != len(files) || c.Snapshots.Events != 10 || c.Snapshots.Segments < 2 || c.Compared != 5 {
		t.Errorf("%+v", c)
	}
	last := told[len(told)-1]
	if len(told) != last.SegmentsAll || last.Segments != last.SegmentsAll || last.Bytes != last.BytesAll || last.Bytes != r.Bytes {
		t.Errorf("%+v", last)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(s *axontest.Store, f []axontest.File)
		want   []string // causes and files
		notice string
	}{
		{"first segment gone", func(s *axontest.Store, f []axontest.File) { delete(s.MapFS, s.Name(0, 0, ".events")) },
			[]string{"gap default/00000000000000000217.events@-1"}, "not compared with their events"},
		{"a segment that is an early copy", func(s *axontest.Store, f []axontest.File) {
			data := slices.Clone(f[2].Data)
			clear(data[f[2].End:])
			s.Put(s.Name(f[2].First, 0, ".events"), data)
		}, []string{"unfinished default/00000000000000000427.events@" + fmt.Sprint(ends()[2])}, "not compared"},
		{"a segment of another store", func(s *axontest.Store, f []axontest.File) {
			other := axontest.Write(axontest.Shape{SegmentSize: 48 << 10}, f[2].First, axontest.Orders(5, 200, 7)...)[0]
			s.AddEvents(0, other)
		}, []string{"overlap"}, "not compared"},
		{"two files for one", func(s *axontest.Store, f []axontest.File) {
			s.Put("default/00000000000427.events", f[2].Data)
		}, []string{"double"}, ""},
		{"an index of the open one", func(s *axontest.Store, f []axontest.File) {
			last := f[len(f)-1].First
			s.Put(s.Name(last, 0, ".index"), []byte("x"))
			s.Put(s.Name(last, 0, ".bloom"), []byte("x"))
		}, []string{"open-index"}, ""},
		{"an empty bloom filter", func(s *axontest.Store, f []axontest.File) {
			s.Put(s.Name(f[1].First, 0, ".bloom"), nil)
		}, []string{"index"}, ""},
		{"the newest indexes are not there yet", func(s *axontest.Store, f []axontest.File) {
			for _, g := range f[len(f)-3:] {
				delete(s.MapFS, s.Name(g.First, 0, ".index"))
				delete(s.MapFS, s.Name(g.First, 0, ".bloom"))
			}
		}, nil, "the newest 2 closed segments of the events have no index yet"},
		{"jump indexes", func(s *axontest.Store, f []axontest.File) {
			for name := range s.MapFS {
				if strings.HasSuffix(name, ".index") || strings.HasSuffix(name, ".bloom") {
					delete(s.MapFS, name)
				}
			}
			for _, g := range f[:len(f)-1] {
				s.Put(s.Name(g.First, 0, ".nindex"), []byte("x"))
			}
			s.Put(s.Name(0, 0, ".xref"), []byte("x"))
		}, nil, ""},
		{"an index of nothing", func(s *axontest.Store, f []axontest.File) { s.Put(s.Name(5, 0, ".index"), []byte("x")) },
			nil, "1 index files belong to no segment, default/00000000000000000005.index"},
		{"names of temporary files", func(s *axontest.Store, f []axontest.File) {
			s.Put(s.Name(217, 0, ".events.temp"), []byte("x"))
			s.Put(s.Name(217, 1, ".transformed"), []byte("x"))
			s.Put(s.Name(217, 0, ".temp"), []byte("x"))
		}, nil, ""},
		{"a transformed segment beside the old one", func(s *axontest.Store, f []axontest.File) {
			s.AddEvents(1, f[1])
			old := slices.Clone(f[1].Data)
			old[100] ^= 1
			s.Put(s.Name(f[1].First, 0, ".events"), old)
		}, nil, "1 older versions of segments lie beside the newest, default/00000000000000000217.events"},
		{"the transformed one is damaged", func(s *axontest.Store, f []axontest.File) {
			bad := f[1]
			bad.Data = slices.Clone(bad.Data)
			bad.Data[100] ^= 1
			s.AddEvents(2, bad)
		}, []string{"checksum default/00000000000000000217_00002.events@5"}, "older versions"},
		{"snapshots only", func(s *axontest.Store, f []axontest.File) {
			maps.DeleteFunc(s.MapFS, func(name string, _ *fsFile) bool { return !strings.Contains(name, ".s") })
		}, []string{"no-events default@-1"}, ""},
		{"snapshots that are none", func(s *axontest.Store, f []axontest.File) {
			s.AddSnapshots(axontest.Write(axontest.Shape{SegmentSize: 700}, 0, axontest.Tx{{Payload: []byte("x")}})...)
		}, []string{"unfinished", "gap", "event default@-1"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, files := orders("default")
			c.damage(s, files)
			r := verify(t, s, store.Options{})
			problems, notices := said(r.Contexts[0])
			if len(problems) != len(c.want) || r.Damaged != (len(c.want) > 0) {
				t.Fatalf("%q, want %q", problems, c.want)
			}
			for i := range problems {
				if !strings.HasPrefix(problems[i], c.want[i]) {
					t.Errorf("%q, want %q", problems[i], c.want[i])
				}
			}
			if c.notice == "" && notices != "" || !strings.Contains(notices, c.notice) {
				t.Errorf("notices %q, want %q", notices, c.notice)
			}
		})
	}
}

// ends returns where the segments of orders end.
func ends() (list []int) {
	_, files := orders("default")
	for _, f := range files {
		list = append(list, f.End)
	}
	return list
}

// Contexts are directories; events and snapshots that are kept apart come
// together by the name of the directory.
func TestContexts(t *testing.T) {
	s, _ := orders("srv/events/default")
	other, _ := orders("srv/events/billing")
	maps.Copy(s.MapFS, other.MapFS)
	for name, f := range other.MapFS {
		if strings.Contains(name, ".s") {
			delete(s.MapFS, name)
			s.MapFS[strings.Replace(name, "srv/events", "srv/snapshots", 1)] = f
		}
	}
	r := verify(t, s, store.Options{})
	var got []string
	for _, c := range r.Contexts {
		got = append(got, fmt.Sprintf("%s %d %d %d %d", c.Context, c.Events.Events, c.Snapshots.Events, c.Compared, len(c.Problems)))
	}
	if fmt.Sprint(got) != "[billing 1000 10 5 0 default 1000 10 5 0]" {
		t.Errorf("%v", got)
	}
	sub, err := fs.Sub(s, "srv/events/default")
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, sub, store.Options{}); len(r.Contexts) != 1 || r.Contexts[0].Context != "." || r.Damaged {
		t.Errorf("%+v", r)
	}
	twice, _ := orders("a/default")
	second, _ := orders("b/default")
	maps.Copy(twice.MapFS, second.MapFS)
	if r := verify(t, twice, store.Options{}); len(r.Contexts) != 2 || r.Contexts[0].Context != "a/default" || r.Contexts[1].Context != "b/default" {
		t.Errorf("%+v", r)
	}
}

func TestNoStore(t *testing.T) {
	s := axontest.NewStore("x")
	s.Put("x/readme.txt", nil)
	var none *store.NotFoundError
	if _, err := store.Verify(t.Context(), s, store.Options{}); !errors.As(err, &none) || none.Files != 1 {
		t.Errorf("%v", err)
	}
	// a context in which nothing was written yet
	s.AddEvents(0, axontest.Write(axontest.Shape{}, 0)...)
	s.AddSnapshots(axontest.Write(axontest.Shape{}, 0)...)
	r := verify(t, s, store.Options{})
	if c := r.Contexts[0]; r.Damaged || c.Events.First != -1 || c.Events.Last != -1 || len(c.Notices) > 0 || c.Events.Open == "" {
		t.Errorf("%+v", r)
	}
}

// Snapshots that no event leads to: the first are named, all are counted; where
// there are more aggregates than fit, the oldest are left out, and that is said.
func TestSnapshotsAhead(t *testing.T) {
	s, _ := orders("default")
	txs := axontest.SnapshotsOf(30, 199) // 25 of these aggregates have no events
	txs = append(txs, axontest.Tx{{Aggregate: "order-1", Sequence: 200, Snapshot: true}})
	maps.DeleteFunc(s.MapFS, func(name string, _ *fsFile) bool { return strings.Contains(name, ".s") })
	s.AddSnapshots(axontest.Write(axontest.Shape{SegmentSize: 700}, 0, txs...)...)
	r := verify(t, s, store.Options{})
	c := r.Contexts[0]
	if len(c.Problems) != 21 || c.Compared != 30 || !strings.Contains(c.Problems[20].What, "6 more snapshots") {
		t.Errorf("%d problems, %d compared, %+v", len(c.Problems), c.Compared, c.Problems[len(c.Problems)-1])
	}
	if p := c.Problems[0]; p.Cause != store.Ahead || !strings.Contains(p.What, `"order-5"`) || !strings.Contains(p.What, "has no event here") {
		t.Errorf("%+v", p)
	}
	r = verify(t, s, store.Options{Snapshots: 3, Readers: 1})
	c = r.Contexts[0]
	if _, notices := said(c); c.Compared != 3 || !strings.Contains(notices, "the snapshots of 3 aggregates were compared with their events, the newest; 27 older snapshots were not") {
		t.Errorf("%d, %s", c.Compared, notices)
	}
}

// A snapshot whose own event is missing though later ones are there.
func TestSnapshotWithoutItsEvent(t *testing.T) {
	s := axontest.NewStore("default")
	events := axontest.Write(axontest.Shape{}, 0, axontest.Tx{{Aggregate: "a", Sequence: 0}, {Aggregate: "a", Sequence: 2}})
	s.AddEvents(0, events...)
	s.AddSnapshots(axontest.Write(axontest.Shape{}, 0, axontest.Tx{{Aggregate: "a", Sequence: 1, Snapshot: true}})...)
	if problems, _ := said(verify(t, s, store.Options{}).Contexts[0]); fmt.Sprint(problems) != "[no-event default/00000000000000000000.snapshots@16]" {
		t.Errorf("%v", problems)
	}
	delete(s.MapFS, s.Name(0, 0, ".events"))
	s.AddEvents(1, events...) // where events were transformed, some may be gone on purpose
	if problems, notices := said(verify(t, s, store.Options{}).Contexts[0]); len(problems) > 0 || !strings.Contains(notices, "transformed") {
		t.Errorf("%v %s", problems, notices)
	}
}

// failing gives an error for one file.
type failing struct {
	fs.FS
	name string
}

func (f failing) Open(name string) (fs.File, error) {
	if name == f.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.FS.Open(name)
}

func TestUnreadable(t *testing.T) {
	s, files := orders("default")
	name := s.Name(files[3].First, 0, ".events")
	c := verify(t, failing{s, name}, store.Options{}).Contexts[0]
	if problems, notices := said(c); len(problems) != 1 || problems[0] != "unreadable "+name+"@-1" || !errors.Is(c.Problems[0].Err, fs.ErrPermission) || !strings.Contains(notices, "not compared") {
		t.Errorf("%v %s", problems, notices)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := store.Verify(ctx, s, store.Options{Readers: 2, Progress: func(store.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

var _ fs.FS = failing{}

// Kinds are told apart, so that the same stem may stand for both.
func TestFind(t *testing.T) {
	s, files := orders("default")
	found, err := store.Find(t.Context(), s)
	if err != nil || len(found.Contexts) != 1 {
		t.Fatal(err)
	}
	c := found.Contexts[0]
	if len(c.Events.Segments) != len(files) || c.Events.Kind != segment.Events || c.Snapshots.Kind != segment.Snapshots {
		t.Errorf("%+v", c)
	}
	for i, g := range c.Events.Segments {
		if g.Name.Number != files[i].First || g.Size != int64(len(files[i].Data)) || g.Indexed != files[i].Closed {
			t.Errorf("%+v", g)
		}
	}
}
