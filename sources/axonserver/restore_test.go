package axonserver_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"ivyvault/sources"
	"ivyvault/sources/axonserver"
	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/segment"
)

// captured is a small store as a vault has it, flat, of events and snapshots.
func captured(t *testing.T) (events, snapshots *kept) {
	w := newWorld(t)
	s := axontest.NewStore("default")
	s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 16 << 10}, 0, axontest.Orders(5, 120, 1)...)...)
	s.AddSnapshots(axontest.Write(axontest.Shape{SegmentSize: 1 << 20}, 0, axontest.SnapshotsOf(5, 60)...)...)
	w.put(s)
	var err error
	if snapshots, err = night(t, w.part(segment.Snapshots), nil); err != nil {
		t.Fatal(err)
	}
	if events, err = night(t, w.part(segment.Events), nil); err != nil {
		t.Fatal(err)
	}
	return events, snapshots
}

// back is a place to restore to, in which the server is stopped.
func back(t *testing.T) (axonserver.Config, string) {
	h := httptest.NewServer(nil)
	h.Close()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "events"), 0o755); err != nil {
		t.Fatal(err)
	}
	return axonserver.Config{URLs: []string{h.URL}, Events: "/axonserver/events", ControlDB: "/axonserver/data", Log: "/axonserver/log", PathMap: map[string]string{"/axonserver": root}}, filepath.Join(root, "events", "default")
}

func restored(t *testing.T, c axonserver.Config, kind segment.Kind, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	t.Helper()
	return axonserver.NewSegments(c, kind, "default", axonserver.Env{}).Restore(t.Context(), from, opt)
}

// Snapshots, then events, into one folder; the whole is proven, sparse, and
// tells what to look at.
func TestRestore(t *testing.T) {
	events, snapshots := captured(t)
	c, dir := back(t)
	if _, err := restored(t, c, segment.Snapshots, snapshots, sources.RestoreOptions{Facts: snapshots.facts}); err != nil {
		t.Fatal(err)
	}
	done, err := restored(t, c, segment.Events, events, sources.RestoreOptions{Facts: events.facts})
	if err != nil {
		t.Fatal(err)
	}
	if done.Counts["events"] != 600 {
		t.Errorf("%+v", done)
	}
	said := strings.Join(done.Notes, "\n")
	for _, want := range []string{"default.lastEvent = 599", "--force", "event processors"} {
		if !strings.Contains(said, want) {
			t.Errorf("the notes don't say %q: %s", want, said)
		}
	}
	all := fstest.MapFS{}
	maps.Copy(all, events.MapFS)
	maps.Copy(all, snapshots.MapFS)
	for name, f := range all {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, f.Data) {
			t.Errorf("%s came back other: %v", name, err)
		}
	}
	r := whole(t, os.DirFS(filepath.Dir(dir)))
	if r.Compared != 5 || r.Events.Last != 599 {
		t.Errorf("%+v", r)
	}
	var st syscall.Stat_t
	if err := syscall.Stat(filepath.Join(dir, "00000000000000000000.snapshots"), &st); err != nil || st.Blocks*512 > 256<<10 {
		t.Errorf("a file of %d bytes takes %d on disk, %v", st.Size, st.Blocks*512, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "ivyvault-*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// What is refused, and what is said then; nothing is changed.
func TestRestoreRefused(t *testing.T) {
	events, snapshots := captured(t)
	change := func(do func(m fstest.MapFS)) fstest.MapFS {
		m := fstest.MapFS{}
		for n, f := range events.MapFS {
			m[n] = &fstest.MapFile{Data: bytes.Clone(f.Data), Mode: f.Mode}
		}
		do(m)
		return m
	}
	one := "00000000000000000000.events"
	second := ""
	for n := range events.MapFS {
		if strings.HasSuffix(n, ".events") && n > one && (second == "" || n < second) {
			second = n
		}
	}
	for _, c := range []struct {
		name   string
		from   fs.FS
		before func(c *axonserver.Config, dir string)
		opt    sources.RestoreOptions
		want   string
	}{
		{"a running server", events, func(c *axonserver.Config, _ string) { c.URLs = []string{(&axontest.Server{}).Start(t)} }, sources.RestoreOptions{}, "is running: stop it first"},
		{"a server that answers badly", events, func(c *axonserver.Config, _ string) {
			c.URLs = []string{(&axontest.Server{Fault: refuse("/actuator/health", 500, "", "")}).Start(t)}
		}, sources.RestoreOptions{}, "is running"},
		{"a stale segment", events, func(_ *axonserver.Config, dir string) { stale(t, dir, "00000000000000099999.events") }, sources.RestoreOptions{}, "is not empty"},
		{"files that nobody knows", events, func(_ *axonserver.Config, dir string) { stale(t, dir, "x.transformed") }, sources.RestoreOptions{}, "is not empty"},
		{"c6: a segment is missing", change(func(m fstest.MapFS) { delete(m, second) }), nil, sources.RestoreOptions{}, "are missing"},
		{"c20: a flipped byte", change(func(m fstest.MapFS) { m[one].Data[80] ^= 1 }), nil, sources.RestoreOptions{}, "is damaged in the snapshot"},
		{"other counts", events, nil, sources.RestoreOptions{Facts: sources.Facts{Counts: map[string]int64{"events": 601}}}, "601 events were captured, and 600 are there"},
		{"snapshots", snapshots, nil, sources.RestoreOptions{}, "holds events in 0 folders"},
		{"nothing", fstest.MapFS{"x": {}}, nil, sources.RestoreOptions{}, "no event store is there"},
		{"an unknown segment", events, nil, sources.RestoreOptions{Only: []string{"17"}}, "there is no segment 17"},
		{"no folder is known", events, func(c *axonserver.Config, _ string) { c.Events = "" }, sources.RestoreOptions{}, "under 'events'"},
		{"c10: snapshots that are ahead", change(func(m fstest.MapFS) {
			for n := range m {
				if n >= second {
					delete(m, n)
				}
			}
		}), func(c *axonserver.Config, dir string) {
			if _, err := restored(t, *c, segment.Snapshots, snapshots, sources.RestoreOptions{}); err != nil {
				t.Fatal(err)
			}
		}, sources.RestoreOptions{}, "would serve a state that its events don't lead to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, dir := back(t)
			if c.before != nil {
				c.before(&cfg, dir)
			}
			before := names(t, filepath.Dir(dir))
			_, err := restored(t, cfg, segment.Events, c.from, c.opt)
			contains(t, err, c.want)
			var occupied *sources.OccupiedError
			if strings.Contains(c.want, "not empty") && !errors.As(err, &occupied) {
				t.Error("it is no OccupiedError")
			}
			if after := names(t, filepath.Dir(dir)); after != before {
				t.Errorf("there was\n%s\nand there is\n%s", before, after)
			}
		})
	}
}

func stale(t *testing.T, dir, name string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name), []byte("stale"), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		all = append(all, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// With leave to replace, what lives goes, of this kind only.
func TestReplace(t *testing.T) {
	events, _ := captured(t)
	c, dir := back(t)
	stale(t, dir, "00000000000000099999.events")
	stale(t, dir, "00000000000000000000.snapshots")
	if _, err := restored(t, c, segment.Snapshots, events, sources.RestoreOptions{Replace: true}); err == nil {
		t.Error("events were restored as snapshots")
	}
	if err := os.Remove(filepath.Join(dir, "00000000000000000000.snapshots")); err != nil {
		t.Fatal(err)
	}
	if _, err := restored(t, c, segment.Events, events, sources.RestoreOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	if all := names(t, dir); strings.Contains(all, "99999") {
		t.Error(all)
	}
	whole(t, os.DirFS(dir))
}

// One segment alone, with its index.
func TestOneSegment(t *testing.T) {
	events, _ := captured(t)
	c, dir := back(t)
	stale(t, dir, "00000000000000099999.events")
	done, err := restored(t, c, segment.Events, events, sources.RestoreOptions{Only: []string{"00000000000000000000.events"}, Facts: events.facts})
	if err != nil || done.Counts["segments"] != 1 || !strings.Contains(strings.Join(done.Notes, ""), "axon verify") {
		t.Fatalf("%+v, %v", done, err)
	}
	for _, s := range []string{".events", ".index", ".bloom"} {
		if _, err := os.Stat(filepath.Join(dir, "00000000000000000000"+s)); err != nil {
			t.Error(err)
		}
	}
	_, err = restored(t, c, segment.Events, events, sources.RestoreOptions{Only: []string{"0"}})
	var occupied *sources.OccupiedError
	if !errors.As(err, &occupied) {
		t.Error(err)
	}
}

// c7 in the snapshot: no index goes back, so that the server makes all of them.
// An index beside the open segment stays out, too. c21, c4: what was not made
// safe is made safe. Versions: the highest only.
func TestRestoreMends(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m fstest.MapFS, open string)
		want   string // of the notes
		index  bool
	}{
		{"c7: an index is missing", func(m fstest.MapFS, _ string) { delete(m, "00000000000000000000.bloom") }, "all index files were left out", false},
		{"c3: no index at all", func(m fstest.MapFS, _ string) {
			for n := range m {
				if !strings.HasSuffix(n, ".events") {
					delete(m, n)
				}
			}
		}, "", false},
		{"an index beside the open segment", func(m fstest.MapFS, open string) {
			m[strings.Replace(open, ".events", ".index", 1)] = &fstest.MapFile{Data: []byte("x")}
			m[strings.Replace(open, ".events", ".bloom", 1)] = &fstest.MapFile{Data: []byte("x")}
		}, "", true},
		{"c21: old bytes behind the end", func(m fstest.MapFS, open string) {
			d := m[open].Data
			copy(d[len(d)-2000:], bytes.Repeat([]byte{7}, 1000))
		}, "filled with zeros", true},
		{"c4: cut in a block", func(m fstest.MapFS, open string) { m[open].Data = m[open].Data[:60] }, "filled with zeros", true},
		{"an older version beside", func(m fstest.MapFS, _ string) {
			for _, s := range []string{".events", ".index", ".bloom"} {
				m["00000000000000000000_00001"+s] = m["00000000000000000000"+s]
			}
		}, "1 older versions", true},
		{"c2: without the open segment", func(m fstest.MapFS, open string) { delete(m, open) }, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, _ := captured(t)
			open := ""
			for n := range events.MapFS {
				if strings.HasSuffix(n, ".events") {
					open = max(open, n)
				}
			}
			c.change(events.MapFS, open)
			cfg, dir := back(t)
			done, err := restored(t, cfg, segment.Events, events, sources.RestoreOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(done.Notes, "\n"), c.want) {
				t.Errorf("notes %q", done.Notes)
			}
			whole(t, os.DirFS(dir))
			all := names(t, dir)
			if strings.Contains(all, ".index") != c.index || strings.Contains(all, strings.Replace(open, ".events", ".index", 1)) {
				t.Errorf("index files %v", all)
			}
			if strings.Contains(c.name, "version") && strings.Contains(all, "00000000000000000000.events") {
				t.Error("the older version came back")
			}
		})
	}
}

// After a restore of an older snapshot the chain raises an alarm, and a new one
// begins; after one of the newest it goes on, since it is the very same store.
func TestChainAfterRestore(t *testing.T) {
	for _, newest := range []bool{true, false} {
		w := newWorld(t)
		live := &axontest.Live{Dir: w.dir, Shape: axontest.Shape{SegmentSize: 4 << 10}}
		settle := func() {
			for done := true; done; {
				var err error
				done, err = live.Settle()
				w.must(err)
			}
		}
		w.must(live.Append(axontest.Orders(2, 60, 1)...))
		settle()
		old, err := night(t, w.part(segment.Events), nil)
		w.must(err)
		w.must(live.Append(axontest.Orders(2, 60, 1)...))
		settle()
		last, err := night(t, w.part(segment.Events), old)
		w.must(err)
		from := old
		if newest {
			from = last
		}
		w.must(live.Close())
		c := w.config()
		h := httptest.NewServer(nil)
		h.Close()
		c.URLs = []string{h.URL}
		_, err = axonserver.NewSegments(c, segment.Events, "default", w.env()).Restore(t.Context(), from, sources.RestoreOptions{Replace: true})
		w.must(err)
		// The server goes on from there, and gets beyond where it was.
		next := from.facts.Counts["events"]
		open := numbers(w, ".events")
		n := open[len(open)-1]
		done := next - n
		txs := axontest.Orders(2, 60, 1)[120-done:]
		var more []axontest.Tx
		for range 200 {
			more = append(more, axontest.Tx{{Aggregate: "later", Payload: []byte("after the restore")}})
		}
		s := axontest.NewStore("default")
		s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, n, append(txs, more...)...)...)
		w.put(s)
		now, err := night(t, w.part(segment.Events), last)
		if newest {
			w.must(err)
			whole(t, now)
			continue
		}
		contains(t, err, "ALARM", "--force")
		fresh, err := night(t, w.part(segment.Events), nil)
		w.must(err)
		whole(t, fresh)
	}
}
