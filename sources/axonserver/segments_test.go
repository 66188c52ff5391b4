package axonserver_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
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
