package axonserver_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/axonserver"
	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
)

// What is wrong on the first night fails the part, too.
func TestDamagedAtTheSource(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   []string
	}{
		{"c5: garbage in an old segment", func(w *world) {
			data, err := os.ReadFile(w.name(0, ".events"))
			w.must(err)
			copy(data[200:], bytes.Repeat([]byte{0xEE}, 400))
			w.must(os.WriteFile(w.name(0, ".events"), data, 0o644))
		}, []string{"is damaged on the server's disk"}},
		{"c6: a middle segment is gone", func(w *world) { w.must(removeAll(w, numbers(w, ".events")[1])) }, []string{"ALARM", "are missing"}},
		{"the first segments are elsewhere", func(w *world) { w.must(removeAll(w, 0)) }, []string{"the first segment", "'tiers'"}},
		{"c9: a block without a body in the open segment", func(w *world) {
			n := openOne(w)
			data, err := os.ReadFile(w.name(n, ".events"))
			w.must(err)
			for i := 12; i < 60; i++ {
				data[i] = 0
			}
			w.must(os.WriteFile(w.name(n, ".events"), data, 0o644))
		}, []string{"more than a write under way"}},
		{"an old segment has no end", func(w *world) { w.unmark(0) }, []string{"the server calls it closed, and it has no end"}},
		{"c17: an old segment cut", func(w *world) { w.must(os.Truncate(w.name(0, ".events"), 1000)) }, []string{"is damaged on the server's disk"}},
		{"c19: a flipped byte in the open segment", func(w *world) { w.flip(w.name(openOne(w), ".events"), 40) }, []string{"more than a write under way"}},
		{"c20: a flipped payload byte in an old segment", func(w *world) { w.flip(w.name(0, ".events"), 90) }, []string{"checksum"}},
		{"two stores in one folder", func(w *world) {
			w.put(func() *axontest.Store {
				s := axontest.NewStore("default")
				s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 3, axontest.Orders(1, 200, 1)...)[:1]...)
				return s
			}())
		}, []string{"ALARM", "different stores"}},
		{"an index without its segment", func(w *world) {
			w.Fault = answer("/v1/backup/eventstore", `{"lastClosedSegment":0,"filenames":["/axonserver/events/default/00000000000000000000.index"]}`)
		}, []string{"its list is not whole"}},
		{"the closed segment isn't named", func(w *world) {
			w.Fault = answer("/v1/backup/eventstore", `{"lastClosedSegment":77,"filenames":["/axonserver/events/default/00000000000000000000.events"]}`)
		}, []string{"did not name it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := axontest.NewStore("default")
			s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 55, 1)...)...)
			w.put(s)
			c.change(w)
			_, err := night(t, w.part(segment.Events), nil)
			contains(t, err, c.want...)
			if w.files.open != 0 {
				t.Errorf("%d files are left open", w.files.open)
			}
		})
	}
}

func removeAll(w *world, number int64) (err error) {
	for _, s := range []string{".events", ".index", ".bloom"} {
		err = errors.Join(err, os.Remove(w.name(number, s)))
	}
	return err
}

// c7: a missing index is the server's trouble and not the copy's: it is said,
// and no half of an index is copied. c4, c8, c13: an open segment that was cut.
func TestSaidAndCopied(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   string
		lost   bool
	}{
		{"c7: one old index is gone", func(w *world) {
			w.Fault = answer("/v1/backup/eventstore", listWithout(w, ".index"))
		}, "have no index though newer ones do", false},
		{"c4: the open segment is cut in a block", func(w *world) { w.must(os.Truncate(w.name(openOne(w), ".events"), 100)) }, "with zeros behind", true},
		{"c8: the open segment is cut behind its last block", func(w *world) { w.must(os.Truncate(w.name(openOne(w), ".events"), int64(endOf(w, openOne(w))))) }, "with zeros behind", false},
		{"c13: and four bytes later", func(w *world) { w.must(os.Truncate(w.name(openOne(w), ".events"), int64(endOf(w, openOne(w)))+4)) }, "", false},
		{"temporary files", func(w *world) {
			for _, n := range []string{".events.temp", ".index.temp", ".transformed"} {
				w.must(os.WriteFile(w.name(0, n), []byte("x"), 0o644))
			}
		}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := axontest.NewStore("default")
			s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 55, 1)...)...)
			w.put(s)
			c.change(w)
			k, err := night(t, w.part(segment.Events), nil)
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(k.facts.Notes, "\n")
			for _, x := range k.facts.Checks {
				if !x.OK {
					said += x.Said
				}
			}
			if !strings.Contains(said, c.want) || c.want == "" && said != "" {
				t.Errorf("it says %q", said)
			}
			if lost := k.facts.Counts["events"] < 110; lost != c.lost {
				t.Errorf("%d events", k.facts.Counts["events"])
			}
			for name := range k.MapFS {
				if _, ok := segment.ParseName(name); !ok {
					t.Errorf("%s was captured", name)
				}
			}
			if !strings.Contains(c.want, "no index") {
				whole(t, k)
			} else if _, there := k.MapFS["00000000000000000000.bloom"]; there {
				t.Error("half an index was captured")
			}
		})
	}
}

// listWithout is a list in which the first segment lacks a file.
func listWithout(w *world, suffix string) string {
	var names []string
	for _, n := range numbers(w, ".events") {
		for _, s := range []string{".events", ".index", ".bloom"} {
			if _, err := os.Stat(w.name(n, s)); err == nil && (n > 0 || s != suffix) {
				names = append(names, fmt.Sprintf("%q", fmt.Sprintf("/axonserver/events/default/%020d%s", n, s)))
			}
		}
	}
	return fmt.Sprintf(`{"lastClosedSegment":%d,"filenames":[%s]}`, lastClosed(w), strings.Join(names, ","))
}

// endOf finds the end mark of a segment: only zeros follow the last block.
func endOf(w *world, number int64) int {
	data, err := os.ReadFile(w.name(number, ".events"))
	w.must(err)
	for _, f := range axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 55, 1)...) {
		if f.First == number && bytes.Equal(f.Data, data) {
			return f.End
		}
	}
	w.t.Fatalf("the segment %d is another", number)
	return 0
}

// P10: files vanish between the list and the copy.
func TestVanishing(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *world, s *axontest.Store, files []axontest.File) error
		want []string // of the error; none: it goes well
	}{
		{"transformed and compacted meanwhile", func(w *world, s *axontest.Store, files []axontest.File) error {
			s.AddEvents(1, files[1])
			w.put(s)
			return removeAll(w, files[1].First)
		}, nil},
		{"gone", func(w *world, _ *axontest.Store, files []axontest.File) error { return removeAll(w, files[1].First) }, []string{"vanished"}},
		{"another in its place while it is read", func(w *world, _ *axontest.Store, files []axontest.File) error { return nil }, []string{"another file was put in its place"}},
		{"written over while it is read", func(w *world, _ *axontest.Store, files []axontest.File) error { return nil }, []string{"damaged on the server's disk, or changed while it was read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.Version = "2023.2.4"
			files := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 80, 1)...)
			s := axontest.NewStore("default")
			s.AddEvents(0, files...)
			w.put(s)
			victim := w.name(files[1].First, ".events")
			done := false
			w.files.before = func(op, name string) error {
				if name != victim || done {
					return nil
				}
				switch {
				case op == "open" && !strings.Contains(c.name, "while it is read"):
					done = true
					return c.do(w, s, files)
				case op == "read" && strings.HasPrefix(c.name, "another"):
					done = true
					return errors.Join(os.WriteFile(victim+".new", files[1].Data, 0o644), os.Rename(victim+".new", victim))
				case op == "read" && strings.HasPrefix(c.name, "written"):
					done = true
					return os.WriteFile(victim, bytes.Repeat([]byte{2}, len(files[1].Data)), 0o644)
				}
				return nil
			}
			k, err := night(t, w.part(segment.Events), nil)
			if !done {
				t.Fatal("nothing happened")
			}
			if c.want != nil {
				contains(t, err, c.want...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r := whole(t, k); r.Events.Events != 160 {
				t.Errorf("%d events", r.Events.Events)
			}
		})
	}
}

// What vanishes when it is read, and isn't named any more, is a failure: as
// 'it vanished' a vault would leave it out in silence. What was not read at all
// is one, too.
func TestNothingIsLeftOut(t *testing.T) {
	w := newWorld(t)
	files := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 80, 1)...)
	s := axontest.NewStore("default")
	s.AddEvents(0, files...)
	w.put(s)
	c, err := w.part(segment.Events).Capture(t.Context())
	w.must(err)
	for _, err := range c.Entries(t.Context()) {
		w.must(err)
	}
	_, err = c.(sources.Described).Facts(t.Context())
	contains(t, err, "was not read to its end")
	w.must(c.Close(t.Context()))
	if w.files.open != 0 {
		t.Errorf("%d files are left open", w.files.open)
	}

	victim := w.name(files[1].First, ".events")
	w.files.before = func(op, name string) error {
		if op == "open" && name == victim {
			_ = removeAll(w, files[1].First)
		}
		return nil
	}
	env := w.env()
	env.Hold = -1 // nothing is opened ahead
	c, err = axonserver.NewSegments(w.config(), segment.Events, "default", env).Capture(t.Context())
	w.must(err)
	defer c.Close(t.Context())
	failed := 0
	for e, err := range c.Entries(t.Context()) {
		w.must(err)
		r, err := e.Open(t.Context())
		if err != nil {
			if failed++; errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it reads as vanished: %v", err)
			}
			continue
		}
		_, err = io.Copy(io.Discard, r)
		w.must(errors.Join(err, r.Close()))
	}
	_, err = c.(sources.Described).Facts(t.Context())
	contains(t, err, "can't be read here")
	if failed == 0 {
		t.Error("nothing failed")
	}
}

// unmark takes the end mark of a segment away.
func (w *world) unmark(number int64) {
	data, err := os.ReadFile(w.name(number, ".events"))
	w.must(err)
	at := bytes.LastIndex(data, []byte{0xff, 0xff, 0xff, 0xff})
	clear(data[at : at+4])
	w.must(os.WriteFile(w.name(number, ".events"), data, 0o644))
}

// The path map says nothing, or something wrong.
func TestNotHere(t *testing.T) {
	w := newWorld(t)
	s := axontest.NewStore("default")
	s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 80, 1)...)...)
	w.put(s)
	c := w.config()
	c.PathMap = nil
	_, err := night(t, axonserver.NewSegments(c, segment.Events, "default", w.env()), nil)
	contains(t, err, "names files that are not there", "'path-map'")
}
