package system_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/sources"
	"ivyvault/sources/axonserver"
	"ivyvault/sources/axonserver/axontest"
	axonstore "ivyvault/sources/axonserver/store"
	"ivyvault/system"
)

// counted counts what is read from a store.
type counted struct {
	store.Store
	bytes atomic.Int64
}

func (c *counted) Get(ctx context.Context, name store.Name, off, n int64) ([]byte, error) {
	b, err := c.Store.Get(ctx, name, off, n)
	c.bytes.Add(int64(len(b)))
	return b, err
}

// diskOpened counts the segments that are opened, below all parts.
type diskOpened struct {
	mu       sync.Mutex
	segments []string
}

var _ axonserver.Files = (*diskOpened)(nil)

func (d *diskOpened) Open(name string) (axonserver.File, error) {
	if strings.HasSuffix(name, ".events") || strings.HasSuffix(name, ".snapshots") {
		d.mu.Lock()
		d.segments = append(d.segments, filepath.Base(name))
		d.mu.Unlock()
	}
	return os.Open(name)
}
func (*diskOpened) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }
func (*diskOpened) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (*diskOpened) Remove(name string) error                   { return os.Remove(name) }

func (d *diskOpened) taken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.segments
	d.segments = nil
	return all
}

type quiet struct {
	mu   sync.Mutex
	said []string
}

func (q *quiet) Say(line string) { q.Notice("", line) }
func (q *quiet) Notice(path, what string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.said = append(q.said, path+": "+what)
}
func (*quiet) Finding(repo.Finding)       {}
func (*quiet) Progress(p backup.Progress) {}

// axon is an Axon Server with a vault.
type axon struct {
	*axontest.Server
	t     testing.TB
	url   string
	store *counted
	owner *repo.Repo
	r     *repo.Repo // that captures
	disk  diskOpened
	at    time.Time
	state string
}

var cheap = seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1}

func newAxon(t testing.TB, role string) *axon {
	t.Helper()
	a := &axon{t: t, Server: &axontest.Server{Root: t.TempDir(), Shown: "/axonserver/.", Node: "axon-1"}, store: &counted{Store: mem.New()}, at: time.Unix(2e9, 0), state: t.TempDir()}
	a.url = a.Start(t)
	a.must(os.MkdirAll(filepath.Join(a.Root, "events", "default"), 0o755))
	var err error
	a.owner, err = repo.Init(t.Context(), a.store, repo.InitOptions{Password: []byte("secret"), Argon: cheap, Config: repo.Config{PackSize: repo.MinPackSize}})
	a.must(err)
	t.Cleanup(func() { a.owner.Close() })
	a.r = a.owner
	if role == "backup" {
		_, err := a.owner.AddKey(t.Context(), seal.Backup, "engine host", []byte("nightly"), cheap)
		a.must(err)
		a.r, err = repo.Open(t.Context(), a.store, repo.Options{Password: []byte("nightly"), CacheDir: t.TempDir()})
		a.must(err)
		t.Cleanup(func() { a.r.Close() })
	}
	return a
}

func (a *axon) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *axon) config() axonserver.Config {
	return axonserver.Config{URLs: []string{a.url}, Events: "/axonserver/events", PathMap: map[string]string{"/axonserver": a.Root}}
}

// plan turns the parts into a plan, as the stages have it.
func (a *axon) plan() *system.Plan {
	a.t.Helper()
	l, err := axonserver.Parts(a.t.Context(), a.config(), axonserver.Env{Files: &a.disk, Pause: time.Millisecond})
	a.must(err)
	p := &system.Plan{Name: "axon", Type: "axonserver", Product: l.Product, Version: l.Version, Mode: sources.Hot, Uncovered: l.Uncovered, Notes: l.Notes}
	for _, s := range l.Stages {
		stage := system.Stage{Name: s.Name, Why: s.Why, Within: s.Within, From: s.From}
		for _, x := range s.Parts {
			stage.Parts = append(stage.Parts, system.Part{Path: x.Path, Kind: x.Kind, What: x.What, Source: x.Source})
		}
		p.Stages = append(p.Stages, stage)
	}
	return p
}

// night captures the server.
func (a *axon) night(force bool) (system.Report, *quiet) {
	a.t.Helper()
	a.at = a.at.Add(time.Minute)
	q := &quiet{}
	rep, err := system.Run(a.t.Context(), a.r, a.plan(), system.Options{Host: "host", Time: a.at, StateDir: a.state, Force: force}, q)
	a.must(err)
	return rep, q
}

// back restores the newest whole snapshot and returns the folder and what was
// restored.
func (a *axon) back() (string, map[string]sources.Restored) {
	a.t.Helper()
	owner, err := repo.Open(a.t.Context(), a.store, repo.Options{Password: []byte("secret")})
	a.must(err)
	a.t.Cleanup(func() { owner.Close() })
	list, err := owner.Snapshots(a.t.Context())
	a.must(err)
	s, err := system.Find(list, "axon", "latest", "")
	a.must(err)
	st, err := system.Open(a.t.Context(), owner, s)
	a.must(err)
	h := httptest.NewServer(nil)
	h.Close()
	root := a.t.TempDir()
	c := a.config()
	c.URLs, c.PathMap, c.ControlDB = []string{h.URL}, map[string]string{"/axonserver": root}, "/axonserver/data"
	c.RestoreTo = ""
	done := map[string]sources.Restored{}
	for _, stage := range a.plan().Stages {
		for _, p := range stage.Parts {
			var to sources.Restorer
			switch {
			case p.Kind == "axonserver-controldb":
				to = axonserver.NewControlDB(c, axonserver.Env{})
			case strings.HasPrefix(p.Path, "snapshots/"):
				to = axonserver.NewSegments(c, 1, "default", axonserver.Env{})
			default:
				to = axonserver.NewSegments(c, 0, "default", axonserver.Env{})
			}
			r, err := st.Restore(a.t.Context(), p.Path, to, sources.RestoreOptions{})
			if err != nil {
				a.t.Fatalf("%s: %v", p.Path, err)
			}
			done[p.Path] = r
		}
	}
	return root, done
}

// The real store goes into a vault and comes back, byte by byte but for the tail
// of the open segment, and proven.
func TestAxonServerRealStore(t *testing.T) {
	for _, role := range []string{"full", "backup"} {
		t.Run(role, func(t *testing.T) {
			a := newAxon(t, role)
			real := axontest.Real(t)
			s := axontest.NewStore("default")
			for name, f := range real {
				if rest, ok := strings.CutPrefix(name, axontest.RealStore+"/"); ok {
					s.MapFS[rest] = f
				}
			}
			axontest.WriteDir(t, s.MapFS, filepath.Join(a.Root, "events", "default"))
			a.SetLast("default.lastEvent", 12999)
			rep, q := a.night(false)
			if rep.Incomplete {
				t.Fatalf("%q", q.said)
			}
			first := a.disk.taken()
			rep, q = a.night(false)
			if rep.Incomplete {
				t.Fatalf("%q", q.said)
			}
			// The newest closed segment and the open one, of each kind.
			if second := a.disk.taken(); len(second) != 4 || len(first) != 20 {
				t.Errorf("%d segments opened, then %v: %q, %+v", len(first), second, q.said, rep.Parts)
			}
			root, done := a.back()
			if n := done["events/default"].Counts["events"]; n != 13000 {
				t.Errorf("%d events", n)
			}
			for name, f := range s.MapFS {
				got, err := os.ReadFile(filepath.Join(root, "events", "default", name))
				if err != nil || !bytes.Equal(got, f.Data) {
					t.Errorf("%s came back other: %v", name, err)
				}
			}
			report, err := axonstore.Verify(t.Context(), os.DirFS(root), axonstore.Options{})
			if err != nil || report.Damaged || report.Contexts[0].Events.Last != 12999 {
				t.Errorf("%+v, %v", report, err)
			}
			if _, err := os.Stat(filepath.Join(root, "data", "axonserver-controldb.mv.db")); err != nil {
				t.Error(err)
			}
		})
	}
}

// Ten thousand closed segments: the second night opens three, and reads from the
// store what the chain's state and the names need, but no content.
func TestAxonServerTenThousandSegments(t *testing.T) {
	a := newAxon(t, "full")
	live := &axontest.Live{Dir: filepath.Join(a.Root, "events", "default"), Shape: axontest.Shape{SegmentSize: 512}}
	defer live.Close()
	add := func(events, closed int) {
		for i := range events {
			a.must(live.Append(axontest.Tx{{Aggregate: fmt.Sprint("order-", i%10), Sequence: int64(i / 10), Payload: bytes.Repeat([]byte{byte(i), byte(i >> 8), 3}, 130)}}))
		}
		for range closed {
			_, err := live.Settle()
			a.must(err)
		}
	}
	snapshots := &axontest.Live{Dir: live.Dir, Snapshot: true}
	defer snapshots.Close()
	a.must(snapshots.Append(axontest.SnapshotsOf(1, 3)...))
	add(10_001, 10_000)
	if rep, q := a.night(false); rep.Incomplete {
		t.Fatalf("%q", q.said)
	}
	a.disk.taken()
	before := a.store.bytes.Load()
	add(1, 1)
	rep, q := a.night(false)
	if rep.Incomplete {
		t.Fatalf("%q", q.said)
	}
	opened, read := a.disk.taken(), a.store.bytes.Load()-before
	t.Logf("%d opened, %d bytes read from the store, %d files unchanged", len(opened), read, rep.Stats.FilesUnchanged)
	events := 0
	for _, n := range opened {
		if strings.HasSuffix(n, ".events") {
			events++
		}
	}
	if events > 3 || rep.Stats.FilesUnchanged != 30_000 {
		t.Errorf("%v opened, %d files carried on", opened, rep.Stats.FilesUnchanged)
	}
	for _, p := range rep.Parts {
		// The open segment and the one that was closed, with its index.
		if p.Path == "events/default" && (p.BytesRead > 4<<10 || p.Files-p.Unchanged != 4 || !p.Continued) {
			t.Errorf("%+v", p)
		}
	}
	if read > 3<<20 {
		t.Errorf("%d bytes were read from the store", read)
	}
}

// A server that writes while it is backed up every few hundred milliseconds:
// what comes back after each is whole, holds at least what was there before the
// backup, and nothing that was not written: a prefix in time.
func TestAxonServerWritesMeanwhile(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	a := newAxon(t, "full")
	dir := filepath.Join(a.Root, "events", "default")
	shape := axontest.Shape{SegmentSize: 16 << 10}
	events, snapshots := &axontest.Live{Dir: dir, Shape: shape}, &axontest.Live{Dir: dir, Shape: shape, Snapshot: true}
	var written sync.Map // token → the event
	var n atomic.Int64
	step := func() error {
		seq := n.Load() / 7
		order := fmt.Sprint("order-", n.Load()%7)
		e := axontest.Event{Aggregate: order, Sequence: seq, Payload: fmt.Appendf(nil, "event %d %s", n.Load(), strings.Repeat("x", rnd.IntN(300)))}
		token := n.Load()
		written.Store(token, string(e.Bytes(token)))
		if err := events.Append(axontest.Tx{e}); err != nil {
			return err
		}
		n.Add(1)
		a.SetLast("default.lastEvent", token)
		if rnd.IntN(20) == 0 {
			if err := snapshots.Append(axontest.Tx{{Aggregate: order, Sequence: seq, Snapshot: true}}); err != nil {
				return err
			}
			a.SetLast("default.lastSnapshot", snapshots.Next-1)
		}
		if rnd.IntN(25) == 0 {
			_, err := events.Settle()
			_, serr := snapshots.Settle()
			return errors.Join(err, serr)
		}
		return nil
	}
	a.must(step())
	a.must(snapshots.Append(axontest.Tx{{Aggregate: "order-0", Snapshot: true}}))
	stop := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				failed <- nil
				return
			default:
			}
			if err := step(); err != nil {
				failed <- err
				return
			}
			time.Sleep(time.Duration(rnd.IntN(1500)) * time.Microsecond)
		}
	}()
	last := int64(-1)
	for range 8 {
		time.Sleep(200 * time.Millisecond)
		before := n.Load()
		rep, q := a.night(false)
		if rep.Incomplete {
			t.Fatalf("%q", q.said)
		}
		root, done := a.back()
		report, err := axonstore.Verify(t.Context(), os.DirFS(root), axonstore.Options{})
		if err != nil || report.Damaged {
			t.Fatalf("%+v, %v", report, err)
		}
		got := done["events/default"].Counts["events"]
		if got < before || got <= last || got > n.Load() {
			t.Errorf("%d events came back; %d were there before, %d are now", got, before, n.Load())
		}
		last = got
		a.sameEvents(root, &written, got)
	}
	close(stop)
	a.must(<-failed)
	a.must(errors.Join(events.Close(), snapshots.Close()))
}

// sameEvents compares each restored event with what was written.
func (a *axon) sameEvents(root string, written *sync.Map, n int64) {
	a.t.Helper()
	fsys := os.DirFS(root)
	found, err := axonstore.Find(a.t.Context(), fsys)
	a.must(err)
	next := int64(0)
	for f, err := range found.Contexts[0].Read(a.t.Context(), fsys, axonstore.Query{To: n - 1}) {
		a.must(err)
		want, _ := written.Load(next)
		if f.Token != next || !strings.Contains(want.(string), string(f.Event.Payload.Data)) {
			a.t.Fatalf("token %d holds another event", f.Token)
		}
		next++
	}
	if next != n {
		a.t.Errorf("%d events were read back instead of %d", next, n)
	}
}

// A server that went back: the part fails with what to do, the snapshot is not
// whole, and --force begins a new chain.
func TestAxonServerAlarm(t *testing.T) {
	for _, role := range []string{"full", "backup"} {
		t.Run(role, func(t *testing.T) {
			a := newAxon(t, role)
			dir := filepath.Join(a.Root, "events", "default")
			write := func(aggregate string, n int) {
				a.must(os.RemoveAll(dir))
				s := axontest.NewStore("default")
				var txs []axontest.Tx
				for i := range n {
					txs = append(txs, axontest.Tx{{Aggregate: aggregate, Sequence: int64(i)}})
				}
				s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, txs...)...)
				s.AddSnapshots(axontest.Write(axontest.Shape{}, 0, axontest.Tx{{Aggregate: aggregate, Snapshot: true}})...)
				axontest.WriteDir(t, s.MapFS, filepath.Join(a.Root, "events"))
			}
			write("a", 300)
			if rep, q := a.night(false); rep.Incomplete {
				t.Fatalf("%q", q.said)
			}
			write("a", 200) // an older state of the same
			rep, _ := a.night(false)
			text := ""
			for _, f := range rep.Findings {
				text += f.What
			}
			if !rep.Incomplete || !strings.Contains(text, "ALARM") || !strings.Contains(text, "--force") {
				t.Fatalf("%v %s", rep.Incomplete, text)
			}
			write("a", 400) // it has come beyond where it was, but another way
			otherEvents(t, dir)
			if rep, _ = a.night(false); !rep.Incomplete {
				t.Error("a store that went another way is no alarm")
			}
			rep, q := a.night(true)
			if rep.Incomplete {
				t.Fatalf("%q", q.said)
			}
			_, done := a.back()
			if done["events/default"].Counts["events"] != 400 {
				t.Errorf("%+v", done)
			}
			if rep, q = a.night(false); rep.Incomplete || rep.Stats.FilesUnchanged == 0 {
				t.Errorf("the new chain does not go on: %q", q.said)
			}
		})
	}
}

// otherEvents gives the store other events from the first on.
func otherEvents(t *testing.T, dir string) {
	t.Helper()
	s := axontest.NewStore("default")
	var txs []axontest.Tx
	for i := range 400 {
		txs = append(txs, axontest.Tx{{Aggregate: "b", Sequence: int64(i)}})
	}
	s.AddEvents(0, axontest.Write(axontest.Shape{SegmentSize: 4 << 10}, 0, txs...)...)
	s.AddSnapshots(axontest.Write(axontest.Shape{}, 0, axontest.Tx{{Aggregate: "b", Snapshot: true}})...)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	axontest.WriteDir(t, s.MapFS, filepath.Dir(dir))
}
