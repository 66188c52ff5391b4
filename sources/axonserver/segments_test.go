package axonserver_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/axonserver"
	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/sourcetest"
)

// Nights over a store that grows: what is closed is copied once, each night is
// whole, and holds all that was written before it.
func TestNights(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape func(*world)
	}{
		{"4.6", func(*world) {}},
		{"2023", func(w *world) { w.Version = "2023.2.4"; w.OnlyEE = true }},
		{"before 4.5.12", func(w *world) { w.Version = "4.4.9"; w.Old = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t)
			c.shape(w)
			live := &axontest.Live{Dir: w.dir, Shape: axontest.Shape{SegmentSize: 4 << 10}}
			defer live.Close()
			var last *kept
			carried := 0
			for range 12 {
				for range rnd.IntN(30) {
					w.must(live.Append(axontest.Orders(1, 1+rnd.IntN(4), 1+rnd.IntN(3))...))
				}
				for range rnd.IntN(5) {
					_, err := live.Settle()
					w.must(err)
				}
				if live.Next == 0 {
					w.must(live.Append(axontest.Orders(1, 1, 1)...))
				}
				w.SetLast("default.lastEvent", live.Next-1)
				now, err := night(t, w.part(segment.Events), last)
				if err != nil {
					t.Fatal(err)
				}
				r := whole(t, now)
				if r.Events.Last != live.Next-1 || now.facts.Counts["events"] != live.Next {
					t.Errorf("the copy ends with %d, the facts say %d events, %d were written", r.Events.Last, now.facts.Counts["events"], live.Next)
				}
				if last != nil {
					for name, s := range last.stamps {
						if s != "" && now.stamps[name] != s {
							t.Errorf("%s was taken again", name)
						}
						if s != "" {
							carried++
						}
					}
				}
				last = now
			}
			if carried == 0 {
				t.Error("nothing was carried on")
			}
			if w.files.open != 0 {
				t.Errorf("%d files are left open", w.files.open)
			}
		})
	}
}

// Thousands of closed segments: the second night opens three, looks for none of
// the others, and reads only what is new. Package system has a test with ten
// thousand and a vault.
func TestManySegments(t *testing.T) {
	w := newWorld(t)
	live := &axontest.Live{Dir: w.dir, Shape: axontest.Shape{SegmentSize: 64}}
	defer live.Close()
	w.must(live.Append(axontest.Orders(10, 300, 1)...))
	w.must(live.Append(axontest.Orders(1, 1, 1)...))
	for range 3000 {
		_, err := live.Settle()
		w.must(err)
	}
	first, err := night(t, w.part(segment.Events), nil)
	if err != nil {
		t.Fatal(err)
	}
	data, all := w.files.segments()
	t.Logf("first night: %d segments and %d files opened, %d of state", data, all, len(first.state))
	w.Asked()
	w.must(live.Append(axontest.Orders(1, 1, 1)...))
	_, err = live.Settle()
	w.must(err)
	second, err := night(t, w.part(segment.Events), first)
	if err != nil {
		t.Fatal(err)
	}
	w.files.mu.Lock()
	stats := w.files.stats
	w.files.mu.Unlock()
	data, all = w.files.segments()
	t.Logf("second night: %d segments and %d files opened, %d looked for, %d read", data, all, stats, second.read)
	if data != 3 || all != 5 || second.read != 4 || stats > 10 {
		t.Errorf("%d segments opened, %d files looked for", data, stats)
	}
	if asked := strings.Join(w.Asked(), "\n"); !strings.Contains(asked, "lastClosedSegmentBackedUp=2999") {
		t.Errorf("it asked %s", asked)
	}
	if r := whole(t, second); r.Events.Last != live.Next-1 || r.Events.Segments < 3001 {
		t.Errorf("%+v", r.Events)
	}
}

// c1: the real store, captured and proven; its torn open segment (c21) becomes
// safe.
func TestRealStore(t *testing.T) {
	real := axontest.Real(t)
	for _, torn := range []bool{false, true} {
		w := newWorld(t)
		s := axontest.NewStore("default")
		for name, f := range real {
			if rest, ok := strings.CutPrefix(name, axontest.RealStore+"/"); ok {
				s.MapFS["default/"+rest] = f
			}
		}
		if torn {
			s.MapFS["default/"+axontest.RealOpen] = real[axontest.TornOpen]
		}
		w.put(s)
		events, err := night(t, w.part(segment.Events), nil)
		if err != nil {
			t.Fatal(err)
		}
		snapshots, err := night(t, w.part(segment.Snapshots), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []*kept{events, snapshots} {
			whole(t, k)
			for name, f := range k.MapFS {
				if name != axontest.RealOpen && !bytes.Equal(f.Data, s.MapFS["default/"+name].Data) {
					t.Errorf("%s is not what it was", name)
				}
			}
		}
		if n := events.facts.Counts["events"]; !torn && n != 13000 || torn && n >= 13000 {
			t.Errorf("torn %v: %d events", torn, n)
		}
		if got, want := len(events.MapFS[axontest.RealOpen].Data), len(s.MapFS["default/"+axontest.RealOpen].Data); got != want {
			t.Errorf("the open segment has %d bytes instead of %d", got, want)
		}
		if noted := strings.Contains(strings.Join(events.facts.Notes, "\n"), "with zeros behind"); noted != torn {
			t.Errorf("torn %v: notes %q", torn, events.facts.Notes)
		}
	}
}

// What shows that the server is another, or has gone back, is an alarm.
func TestAlarms(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world, live *axontest.Live)
		want   []string
	}{
		{"c15: the newest closed segment is open again", func(w *world, _ *axontest.Live) {
			w.must(errors.Join(os.Remove(w.name(lastClosed(w), ".index")), os.Remove(w.name(lastClosed(w), ".bloom"))))
		}, []string{"ALARM", "its last closed segment is", "--force"}},
		{"restored from the day before, and closed again", func(w *world, _ *axontest.Live) {
			files := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, lastClosed(w), axontest.Orders(2, 200, 1)...)
			s := axontest.NewStore("default")
			s.AddEvents(0, files...)
			w.must(os.RemoveAll(w.name(openOne(w), ".events")))
			w.put(s)
		}, []string{"ALARM"}},
		{"c11: a known segment's content", func(w *world, _ *axontest.Live) { w.flip(w.name(lastClosed(w), ".events"), 60) }, []string{"ALARM", "not whole any more"}},
		{"c17: a known segment's size", func(w *world, _ *axontest.Live) { w.must(os.Truncate(w.name(lastClosed(w), ".events"), 2000)) }, []string{"ALARM", "has 2000 bytes now, and had 4096"}},
		{"c12: the newest closed segment is gone", func(w *world, live *axontest.Live) {
			gone := lastClosed(w)
			w.must(live.Append(axontest.Orders(1, 120, 1)...))
			for range 3 {
				_, err := live.Settle()
				w.must(err)
			}
			w.must(os.Remove(w.name(gone, ".events")))
		}, []string{"ALARM", "is gone"}},
		{"the newest closed segment holds other events", func(w *world, _ *axontest.Live) {
			n := lastClosed(w)
			f := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, n, axontest.Orders(3, 60, 1)...)
			w.must(os.WriteFile(w.name(n, ".events"), f[0].Data, 0o644))
		}, []string{"ALARM", "which was closed then, holds other events now"}},
		{"the newest closed segment is open, though its index is there", func(w *world, _ *axontest.Live) { w.unmark(lastClosed(w)) }, []string{"ALARM", "is open again"}},
		{"the open segment holds other events", func(w *world, _ *axontest.Live) {
			n := openOne(w)
			f := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, n, axontest.Tx{{Aggregate: "other", Payload: []byte("other")}, {Aggregate: "other", Sequence: 1}})
			w.must(os.WriteFile(w.name(n, ".events"), f[0].Data, 0o644))
		}, []string{"ALARM", "doesn't begin with"}},
		{"the open segment was closed with other events", func(w *world, _ *axontest.Live) {
			n := openOne(w)
			files := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, n, axontest.Orders(2, 100, 1)...)
			s := axontest.NewStore("default")
			s.AddEvents(0, files...)
			w.put(s)
		}, []string{"ALARM", "doesn't begin with"}},
		{"the open segment is gone", func(w *world, _ *axontest.Live) { w.must(os.Remove(w.name(openOne(w), ".events"))) }, []string{"names no file"}},
		{"another open segment", func(w *world, _ *axontest.Live) {
			n := openOne(w)
			w.must(os.Rename(w.name(n, ".events"), w.name(n+5, ".events")))
		}, []string{"ALARM", "neither open nor closed"}},
		{"another context's folder", func(w *world, _ *axontest.Live) {
			w.Fault = answer("/v1/backup/eventstore", `{"lastClosedSegment":-1,"filenames":["/axonserver/events/other/00000000000000000000.events"]}`)
		}, []string{"lies in no folder of that name"}},
		{"a path elsewhere", func(w *world, _ *axontest.Live) {
			w.Fault = answer("/v1/backup/eventstore", `{"lastClosedSegment":-1,"filenames":["/axonserver/events/../old/default/00000000000000000000.events"]}`)
		}, []string{"does not lie in /axonserver/events/default"}},
		{"the other kind", func(w *world, _ *axontest.Live) {
			w.Fault = answer("/v1/backup/eventstore", `{"lastClosedSegment":-1,"filenames":["/axonserver/events/default/00000000000000000000.snapshots"]}`)
		}, []string{"was asked for events and named"}},
		{"a server that has more than its files", func(w *world, live *axontest.Live) { w.SetLast("default.lastEvent", live.Next+10) }, []string{"the server said that the last of the events"}},
		{"a DCB context", func(w *world, _ *axontest.Live) {
			w.Version = "2025.1.2"
			w.Fault = answer("/v1/backup/eventstore", `{"lastClosedSegment":-1,"filenames":[]}`)
		}, []string{"dynamic consistency boundaries", "'-default'"}},
		{"a DCB context without a worker", func(w *world, _ *axontest.Live) {
			w.Version = "2025.1.2"
			w.Fault = refuse("/v1/backup/eventstore", 503, "AXONIQ-6000", "Missing worker for context: default")
		}, []string{"dynamic consistency boundaries", "Missing worker"}},
		{"a DCB context with files of its own", func(w *world, _ *axontest.Live) {
			w.Version = "2025.1.2"
			w.Fault = answer("/v1/backup/eventstore", `{"lastClosedSegment":-1,"filenames":["/axonserver/events/default/0.dcb"]}`)
		}, []string{"none of which is a segment", "DCB"}},
	} {
		for _, old := range []bool{false, true} {
			if old && c.want[0] != "ALARM" {
				continue // what the newer request answers
			}
			t.Run(fmt.Sprintf("%s/old=%v", c.name, old), func(t *testing.T) {
				w := newWorld(t)
				w.Old = old
				live := &axontest.Live{Dir: w.dir, Shape: axontest.Shape{SegmentSize: 4 << 10}}
				defer live.Close()
				w.must(live.Append(axontest.Orders(2, 55, 1)...))
				for done := true; done; {
					var err error
					done, err = live.Settle()
					w.must(err)
				}
				first, err := night(t, w.part(segment.Events), nil)
				if err != nil {
					t.Fatal(err)
				}
				c.change(w, live)
				_, err = night(t, w.part(segment.Events), first)
				want := c.want
				if old && len(want) > 1 && strings.HasPrefix(c.name, "c1") {
					want = want[:1]
				}
				contains(t, err, want...)
			})
		}
	}
}

// answer is a fault that answers a request with a text.
func answer(path, body string) faulty {
	return func(w responseWriter, r *request) bool {
		if r.URL.Path != path {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
		return true
	}
}

func refuse(path string, status int, code, text string) faulty {
	return func(w responseWriter, r *request) bool {
		if r.URL.Path != path {
			return false
		}
		axontest.Axon(w, status, code, text)
		return true
	}
}

func numbers(w *world, suffix string) (out []int64) {
	names, err := os.ReadDir(w.dir)
	w.must(err)
	for _, n := range names {
		if s, ok := strings.CutSuffix(n.Name(), suffix); ok {
			var i int64
			fmt.Sscanf(s, "%d", &i)
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

func lastClosed(w *world) int64 { n := numbers(w, ".index"); return n[len(n)-1] }
func openOne(w *world) int64    { n := numbers(w, ".events"); return n[len(n)-1] }

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

// Transformed versions: the highest counts, comes once, and replaces what the
// chain had.
func TestTransformed(t *testing.T) {
	w := newWorld(t)
	w.Version = "2023.2.4"
	files := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 80, 1)...)
	s := axontest.NewStore("default")
	s.AddEvents(0, files...)
	w.put(s)
	first, err := night(t, w.part(segment.Events), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.AddEvents(1, files[1])
	s.AddEvents(2, files[1])
	w.put(s)
	second, err := night(t, w.part(segment.Events), first)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%020d", files[1].First)
	for n, want := range map[string]bool{name + ".events": false, name + "_00001.events": false, name + "_00002.events": true, name + "_00002.bloom": true} {
		if _, there := second.MapFS[n]; there != want {
			t.Errorf("%s is there: %v", n, there)
		}
	}
	whole(t, second)
	w.files.segments()
	third, err := night(t, w.part(segment.Events), second)
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := w.files.segments(); data > 3 || third.stamps[name+"_00002.events"] != second.stamps[name+"_00002.events"] {
		t.Errorf("%d segments opened: it was copied again", data)
	}
	// The version that the server takes for a second watermark is never sent.
	if asked := strings.Join(w.Asked(), " "); strings.Contains(asked, "lastClosedVersionBackedUp") {
		t.Error(asked)
	}
	// Gone back to an older version.
	for _, x := range []string{".events", ".index", ".bloom"} {
		w.must(os.Remove(w.name(files[1].First, "_00002"+x)))
	}
	_, err = night(t, w.part(segment.Events), third)
	contains(t, err, "ALARM", "names version 1 now, and had a higher one")
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

// A vault that lost what the chain holds reads it again, and finds what changed.
func TestReadAgain(t *testing.T) {
	w := newWorld(t)
	files := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 80, 1)...)
	s := axontest.NewStore("default")
	s.AddEvents(0, files...)
	w.put(s)
	first, err := night(t, w.part(segment.Events), nil)
	if err != nil {
		t.Fatal(err)
	}
	first.stamps = map[string]string{}
	again, err := night(t, w.part(segment.Events), first)
	if err != nil || again.read != len(first.MapFS) {
		t.Fatalf("%d files read, %v", again.read, err)
	}
	whole(t, again)
	other := axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(4, 80, 1)...)
	w.must(os.WriteFile(w.name(0, ".events"), other[0].Data, 0o644))
	first.stamps = map[string]string{}
	_, err = night(t, w.part(segment.Events), first)
	contains(t, err, "ALARM", "holds other events now")
	w.must(os.Remove(w.name(0, ".events")))
	_, err = night(t, w.part(segment.Events), first)
	contains(t, err, "ALARM", "can't be read again")
}

// A state of another part, or a broken one, is of no use.
func TestStateOfOthers(t *testing.T) {
	w := newWorld(t)
	s := axontest.NewStore("default")
	s.AddEvents(0, axontest.Write(axontest.Shape{}, 0, axontest.Orders(2, 8, 1)...)...)
	w.put(s)
	k, err := night(t, w.part(segment.Events), nil)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, w.part(segment.Snapshots).Continue(k.state), "of the events of the context default")
	contains(t, w.part(segment.Events).Continue(k.state[:len(k.state)/2]), "can't be understood")
}

func TestSource(t *testing.T) {
	w := newWorld(t)
	s := axontest.NewStore("default")
	s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, axontest.Orders(2, 80, 1)...)...)
	w.put(s)
	sourcetest.Run(t, func(*testing.T) sources.Source { return w.part(segment.Events) })
}

// A server that is slow, dies in the middle of an answer, or fails: the part
// fails with a sentence, and nothing is left behind.
func TestServerDies(t *testing.T) {
	list := "/v1/backup/eventstore"
	for _, c := range []struct {
		name  string
		fault faulty
		limit time.Duration
		want  string
	}{
		{"in the middle of its list", func(w responseWriter, r *request) bool {
			if r.URL.Path != list {
				return false
			}
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"lastClosedSegment":-1,"filenames":["/axon`))
			w.(http.Flusher).Flush()
			panic(errAbort)
		}, 0, "broke off"},
		{"with 500", refuse(list, 500, "AXONIQ-0001", "no"), 0, "its log says why"},
		{"with 503, always", refuse(list, 503, "", "busy"), 0, "not able to answer now"},
		{"not ready", refuse(list, 503, "AXONIQ-7000", "Node not ready for backup"), 0, "not ready for a backup"},
		{"silent", func(w responseWriter, r *request) bool {
			if r.URL.Path == list {
				<-r.Context().Done()
			}
			return r.URL.Path == list
		}, 50 * time.Millisecond, "no whole answer within 50ms"},
		{"with a page", answer(list, "<html>"), 0, "another program may answer there"},
		{"without the number", answer(list, `{"filenames":[]}`), 0, "without the number of the last closed segment"},
		{"with relative paths", answer(list, `{"lastClosedSegment":-1,"filenames":["events/0.events"]}`), 0, "no absolute path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := axontest.NewStore("default")
			s.AddEvents(0, axontest.Write(axontest.Shape{}, 0, axontest.Orders(2, 8, 1)...)...)
			w.put(s)
			w.Fault = c.fault
			env := w.env()
			if c.limit > 0 {
				env.Limit = c.limit
			}
			_, err := night(t, axonserver.NewSegments(w.config(), segment.Events, "default", env), nil)
			contains(t, err, c.want)
		})
	}
}
