package axonserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/axonserver"
	"ivyvault/sources/axonserver/axontest"
	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/sourcetest"
)

// The stages of each edition, in the order that keeps them consistent.
func TestLayout(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape func(w *world, c *axonserver.Config)
		want  string
		notes string
	}{
		{"SE 4.6", func(*world, *axonserver.Config) {}, "control database: controldb; snapshots of aggregates: snapshots/default; events: events/default", ""},
		{"EE", func(w *world, _ *axonserver.Config) {
			w.Licence, w.Clustered, w.OnlyEE, w.Contexts, w.Groups = "Enterprise", true, true, []string{"sales", "_admin", "default"}, []string{"_admin", "default", "sales"}
		}, "control database: controldb; replication logs: log/_admin log/default log/sales; snapshots of aggregates: snapshots/default snapshots/sales; events: events/default events/sales", "named as the contexts"},
		{"EE, groups and contexts chosen", func(w *world, c *axonserver.Config) {
			w.Licence, w.Clustered, w.OnlyEE, w.Contexts, w.Groups = "Enterprise", true, true, []string{"sales", "default"}, []string{"all"}
			c.Groups, c.Contexts = []string{"all"}, []string{"-sales"}
		}, "control database: controldb; replication logs: log/all; snapshots of aggregates: snapshots/default; events: events/default", ""},
		{"2023, alone", func(w *world, _ *axonserver.Config) { w.Version, w.OnlyEE = "2023.1.0", true },
			"control database: controldb; snapshots of aggregates: snapshots/default; events: events/default", "no replication logs"},
		{"2023, with logs", func(w *world, _ *axonserver.Config) {
			w.Version, w.OnlyEE, w.Groups = "2023.1.0", true, []string{"default", "_admin"}
		}, "control database: controldb; replication logs: log/_admin log/default; snapshots of aggregates: snapshots/default; events: events/default", ""},
		{"the edition as given", func(w *world, c *axonserver.Config) {
			c.Edition = rest.Standard
			w.Clustered = true
		}, "control database: controldb; snapshots of aggregates: snapshots/default; events: events/default", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			cfg := w.config()
			c.shape(w, &cfg)
			l, err := axonserver.Parts(t.Context(), cfg, w.env())
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, s := range l.Stages {
				line := s.Name + ":"
				for _, p := range s.Parts {
					line += " " + p.Path
				}
				all = append(all, line)
				if bounded := s.Within == 30*time.Minute && s.From == axonserver.StageControl; bounded != (s.Name == axonserver.StageLogs) || s.Why == "" {
					t.Errorf("%+v", s)
				}
			}
			if got := strings.Join(all, "; "); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if !strings.Contains(strings.Join(l.Notes, "\n"), c.notes) || len(l.Uncovered) == 0 {
				t.Errorf("%+v", l)
			}
		})
	}
}

func TestLayoutRefused(t *testing.T) {
	for want, change := range map[string]func(w *world, c *axonserver.Config){
		`no node has the context "nosuch"`: func(_ *world, c *axonserver.Config) { c.Contexts = []string{"nosuch"} },
		"no context is left":               func(_ *world, c *axonserver.Config) { c.Contexts = []string{"-default"} },
		"it wants a token":                 func(w *world, _ *axonserver.Config) { w.Token = "x1234" },
		"can't be asked":                   func(_ *world, c *axonserver.Config) { c.URLs = []string{"http://127.0.0.1:1"} },
		"can't be the name of a folder":    func(w *world, _ *axonserver.Config) { w.Contexts = []string{"../x"} },
		"name at least one":                func(_ *world, c *axonserver.Config) { c.URLs = nil },
		"write se, ee, merged":             func(_ *world, c *axonserver.Config) { c.Edition = "xx" },
		"no absolute path":                 func(_ *world, c *axonserver.Config) { c.Events = "./data" },
		"is not among the urls":            func(_ *world, c *axonserver.Config) { c.Primaries = map[string]string{"default": "http://x"} },
		"holds no certificate":             func(w *world, c *axonserver.Config) { c.CAFile = "/dev/null" },
	} {
		w := newWorld(t)
		cfg := w.config()
		change(w, &cfg)
		_, err := axonserver.Parts(t.Context(), cfg, w.env())
		contains(t, err, want)
	}
}

// The control database: unpacked, its zip file removed, no other one.
func TestControlDB(t *testing.T) {
	for _, ee := range []bool{false, true} {
		w := newWorld(t)
		w.OnlyEE = ee
		left := filepath.Join(w.Root, "controldb-backup", "controldb1.zip")
		w.must(errors.Join(os.Mkdir(filepath.Dir(left), 0o755), os.WriteFile(left, []byte("another's"), 0o644)))
		part := axonserver.NewControlDB(w.config(), w.env())
		k, err := night(t, part, nil)
		if err != nil {
			t.Fatal(err)
		}
		f := k.MapFS["axonserver-controldb.mv.db"]
		if len(k.MapFS) != 1 || f == nil || !strings.HasPrefix(string(f.Data), axontest.Control) || k.facts.Details["H2 format"] != "1" {
			t.Errorf("%v, %+v", k.MapFS, k.facts)
		}
		names, err := os.ReadDir(filepath.Dir(left))
		if err != nil || len(names) != 1 || names[0].Name() != "controldb1.zip" {
			t.Errorf("%v is there, %v", names, err)
		}
		c, dir := back(t)
		c.ControlDB = "/axonserver/data"
		for i, replace := range []bool{false, false, true} {
			_, err := axonserver.NewControlDB(c, axonserver.Env{}).Restore(t.Context(), k, sources.RestoreOptions{Replace: replace})
			var occupied *sources.OccupiedError
			if (err == nil) != (i != 1) || i == 1 && !errors.As(err, &occupied) {
				t.Errorf("%d: %v", i, err)
			}
		}
		got, err := os.ReadFile(filepath.Join(dir, "..", "..", "data", "axonserver-controldb.mv.db"))
		if err != nil || string(got) != string(f.Data) {
			t.Error("it came back other", err)
		}
		_, err = axonserver.NewControlDB(c, axonserver.Env{}).Restore(t.Context(), fstest.MapFS{"x.mv.db": {Data: []byte("garbage")}}, sources.RestoreOptions{})
		contains(t, err, "doesn't begin as a database of H2")
	}
	// The real one.
	for name, f := range axontest.Real(t) {
		if !strings.HasSuffix(name, ".zip") {
			continue
		}
		w := newWorld(t)
		w.Fault = func(h http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/createControlDbBackup" {
				return false
			}
			w.must(os.WriteFile(filepath.Join(w.Root, "controldb1795262410761.zip"), f.Data, 0o644))
			fmt.Fprint(h, "/axonserver/./controldb1795262410761.zip")
			return true
		}
		k, err := night(t, axonserver.NewControlDB(w.config(), w.env()), nil)
		if err != nil || k.MapFS["axonserver-controldb.mv.db"] == nil {
			t.Errorf("%v, %v", k, err)
		}
	}
}

// What goes wrong with the control database, b1 and b2 among it. A zip file
// that was taken goes in any case; a context that ends meanwhile changes nothing.
func TestControlDBFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape func(w *world, c *axonserver.Config)
		want  string
		left  int
	}{
		{"the path map is silent", func(_ *world, c *axonserver.Config) { c.PathMap = nil }, "'path-map' where the folder /axonserver/controldb-backup lies", 1},
		{"b1: the folder can't be made", func(w *world, _ *axonserver.Config) {
			w.must(os.WriteFile(filepath.Join(w.Root, "controldb-backup"), nil, 0o644))
		}, "Failed to create directory", 0},
		{"no token is asked for", func(w *world, _ *axonserver.Config) { w.Token = "x1234" }, "it wants a token", 0},
		{"another folder", func(_ *world, c *axonserver.Config) { c.ControlDBBackup = "/backup" }, "and not into /backup", 1},
		{"no zip file", func(w *world, _ *axonserver.Config) {
			w.Fault = func(h http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/createControlDbBackup" {
					return false
				}
				w.must(os.MkdirAll(filepath.Join(w.Root, "controldb-backup"), 0o755))
				w.must(os.WriteFile(filepath.Join(w.Root, "controldb-backup", "controldb1.zip"), []byte("no zip"), 0o644))
				fmt.Fprint(h, "/axonserver/./controldb-backup/controldb1.zip")
				return true
			}
		}, "no whole zip file", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			cfg := w.config()
			c.shape(w, &cfg)
			_, err := night(t, axonserver.NewControlDB(cfg, w.env()), nil)
			contains(t, err, c.want)
			zips, _ := filepath.Glob(filepath.Join(w.Root, "controldb-backup", "*.zip"))
			if len(zips) != c.left || w.files.open != 0 {
				t.Errorf("%v is left, %d files open", zips, w.files.open)
			}
		})
	}
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	k, err := axonserver.NewControlDB(w.config(), w.env()).Capture(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := k.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if zips, _ := filepath.Glob(filepath.Join(w.Root, "controldb-backup", "*.zip")); len(zips) > 0 {
		t.Errorf("%v is left", zips)
	}
}

// cluster is an EE with the logs of two groups.
func cluster(t *testing.T) *world {
	w := newWorld(t)
	w.Licence, w.Clustered, w.OnlyEE, w.Groups = "Enterprise", true, true, []string{"_admin", "default"}
	for _, g := range w.Groups {
		for i := range 3 {
			name := filepath.Join(w.Root, "log", g, fmt.Sprintf("%020d.log", i*100))
			w.must(errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(strings.Repeat(g, 1000*(i+1))), 0o644)))
		}
	}
	return w
}

// The logs of a group: all of them each time, open before any is read.
func TestLogs(t *testing.T) {
	w := cluster(t)
	cfg := w.config()
	cfg.Log = "/axonserver/log"
	part := axonserver.NewLogs(cfg, "default", w.env())
	k, err := night(t, part, nil)
	if err != nil || len(k.MapFS) != 3 || k.facts.Counts["files"] != 3 {
		t.Fatalf("%v, %v", k, err)
	}
	again, err := night(t, part, k)
	if err != nil || again.read != 3 {
		t.Errorf("%d files read again, %v", again.read, err)
	}
	sourcetest.Run(t, func(*testing.T) sources.Source { return axonserver.NewLogs(cfg, "default", w.env()) })

	// The oldest is compacted away between the list and the copy.
	gone := filepath.Join(w.Root, "log", "default", fmt.Sprintf("%020d.log", 0))
	w.files.before = func(op, name string) error {
		if op == "open" && name == gone {
			os.Remove(gone)
		}
		return nil
	}
	k, err = night(t, part, k)
	if err != nil || len(k.MapFS) != 2 {
		t.Fatalf("%v, %v", k, err)
	}
	if w.files.open != 0 {
		t.Errorf("%d files are open", w.files.open)
	}
	c, dir := back(t)
	to := axonserver.NewLogs(c, "default", axonserver.Env{})
	for i, replace := range []bool{false, false, true} {
		done, err := to.Restore(t.Context(), k, sources.RestoreOptions{Replace: replace, Facts: k.facts})
		var occupied *sources.OccupiedError
		if i == 1 && !errors.As(err, &occupied) || i != 1 && (err != nil || done.Counts["files"] != 2) {
			t.Errorf("%d: %+v, %v", i, done, err)
		}
	}
	for name, f := range k.MapFS {
		if got, err := os.ReadFile(filepath.Join(dir, "..", "..", "log", "default", name)); err != nil || string(got) != string(f.Data) {
			t.Errorf("%s: %v", name, err)
		}
	}
	delete(k.MapFS, fmt.Sprintf("%020d.log", 100))
	_, err = to.Restore(t.Context(), k, sources.RestoreOptions{Replace: true, Facts: k.facts})
	contains(t, err, "2 files were captured, and 1 are there")
}

func TestLogsFail(t *testing.T) {
	for _, c := range []struct {
		name  string
		group string
		shape func(w *world, c *axonserver.Config)
		want  string
	}{
		{"a standard server", "default", func(w *world, _ *axonserver.Config) { w.Groups = nil }, "only the enterprise edition has such logs"},
		{"no such group", "nosuch", func(*world, *axonserver.Config) {}, "Missing worker"},
		{"an empty list", "default", func(w *world, _ *axonserver.Config) { w.Fault = answer("/v1/backup/log/filenames", "[]") }, "the name of the replication group"},
		{"the context's instead of the group's", "default", func(w *world, _ *axonserver.Config) {
			w.Fault = answer("/v1/backup/log/filenames", `["/axonserver/log/other/0.log"]`)
		}, "does not lie in"},
		{"not here", "default", func(_ *world, c *axonserver.Config) { c.PathMap = nil }, "'path-map'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cluster(t)
			cfg := w.config()
			c.shape(w, &cfg)
			_, err := night(t, axonserver.NewLogs(cfg, c.group, w.env()), nil)
			contains(t, err, c.want)
			if w.files.open != 0 {
				t.Errorf("%d files are open", w.files.open)
			}
		})
	}
}

// Several nodes: the one that stores the context is asked, one that is down or
// not ready is passed over, a named primary goes first.
func TestNodes(t *testing.T) {
	w := newWorld(t)
	s := axontest.NewStore("default")
	s.AddEvents(0, axontest.Write(axontest.Shape{}, 0, axontest.Orders(2, 8, 1)...)...)
	w.put(s)
	other := &axontest.Server{Root: t.TempDir(), Contexts: []string{"other"}, Node: "axon-2", Clustered: true}
	unready := &axontest.Server{Root: w.Root, Shown: w.Shown, Node: "axon-3", Fault: refuse("/v1/backup/eventstore", 503, "AXONIQ-7000", "Node not ready for backup")}
	c := w.config()
	c.URLs = []string{"http://127.0.0.1:1", other.Start(t), unready.Start(t), w.url}
	k, err := night(t, axonserver.NewSegments(c, segment.Events, "default", w.env()), nil)
	if err != nil || k.facts.Details["node"] != "axon-1" {
		t.Fatalf("%v, %v", k, err)
	}
	c.Primaries = map[string]string{"default": c.URLs[2]}
	_, err = night(t, axonserver.NewSegments(c, segment.Events, "default", w.env()), nil)
	contains(t, err, "not ready for a backup")
	_, err = night(t, axonserver.NewSegments(axonserver.Config{URLs: c.URLs[1:2]}, segment.Events, "default", w.env()), nil)
	contains(t, err, "no node has the context default")
	l, err := axonserver.Parts(t.Context(), axonserver.Config{URLs: c.URLs}, w.env())
	if err != nil || fmt.Sprint(l.Contexts) != "[default other]" || !strings.Contains(strings.Join(l.Notes, "\n"), "127.0.0.1:1 can't be asked") {
		t.Errorf("%+v, %v", l, err)
	}
}
