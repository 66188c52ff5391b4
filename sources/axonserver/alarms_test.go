package axonserver_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
)

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
