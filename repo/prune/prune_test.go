package prune_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/check"
	"ivyvault/repo/forget"
	"ivyvault/repo/prune"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/tree"
)

func argon() seal.Argon { return seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRepo(t testing.TB, st store.Store) *repo.Repo {
	t.Helper()
	r, err := repo.Init(context.Background(), st, repo.InitOptions{Password: []byte("full"), Argon: argon(), Config: repo.Config{PackSize: repo.MinPackSize}})
	must(t, err)
	return r
}

func open(t testing.TB, st store.Store, password string) *repo.Repo {
	t.Helper()
	r, err := repo.Open(context.Background(), st, repo.Options{Password: []byte(password)})
	must(t, err)
	return r
}

// block is 64 KiB that do not compress, told by a number.
func block(n int) []byte {
	p := make([]byte, 64<<10)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(p) // never fails
	return p
}

// write makes a snapshot with one file for each number.
func write(ctx context.Context, r *repo.Repo, numbers ...int) (repo.Snapshot, error) {
	return r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		return tell(ctx, r, w, numbers)
	})
}

func tell(ctx context.Context, r *repo.Repo, w *repo.Writer, numbers []int) (repo.Snapshot, error) {
	d := tree.NewDirWriter(w, tree.Cut{Secret: r.SplitterSecret()})
	for _, n := range numbers {
		p := block(n)
		ref, err := w.Put(ctx, chunk.Data, p)
		if err != nil {
			return repo.Snapshot{}, err
		}
		node := tree.Node{Name: fmt.Sprintf("f%06d", n), Type: tree.File, Mode: 0o644, Size: uint64(len(p)), Content: tree.Content{Form: tree.Chunked, Ref: ref}}
		if err := d.Add(ctx, &node); err != nil {
			return repo.Snapshot{}, err
		}
	}
	root, err := d.Close(ctx)
	return repo.Snapshot{Time: time.Now(), Host: "h", Paths: []string{"/p"}, Root: repo.RootOf(root)}, err
}

func save(t testing.TB, r *repo.Repo, numbers ...int) repo.Snapshot {
	t.Helper()
	s, err := write(context.Background(), r, numbers...)
	must(t, err)
	return s
}

func span(from, to int) []int {
	var out []int
	for ; from < to; from++ {
		out = append(out, from)
	}
	return out
}

func drop(t testing.TB, r *repo.Repo, ids ...repo.Name) {
	t.Helper()
	_, err := forget.Run(context.Background(), r, forget.Options{IDs: ids}, nil)
	must(t, err)
}

// holds reads a snapshot back.
func holds(t testing.TB, r *repo.Repo, s repo.Snapshot, numbers ...int) {
	t.Helper()
	ctx := context.Background()
	rd := tree.NewReader(r, r.Keys().ContentHash, 0)
	for _, n := range numbers {
		node, err := rd.Lookup(ctx, s.Root.Ref(), fmt.Sprintf("f%06d", n))
		must(t, err)
		f, err := rd.Open(&node)
		must(t, err)
		p := make([]byte, node.Size)
		if _, err := f.ReadAt(ctx, p, 0); err != nil && err != io.EOF {
			t.Fatalf("file %d: %v", n, err)
		}
		if !bytes.Equal(p, block(n)) {
			t.Fatalf("file %d has other bytes", n)
		}
	}
}

func run(t testing.TB, r *repo.Repo, opt prune.Options) prune.Report {
	t.Helper()
	rep, err := prune.Run(context.Background(), r, opt, nil)
	must(t, err)
	return rep
}

// whole checks all and that nothing is left over.
func whole(t testing.TB, r *repo.Repo, tidy bool) {
	t.Helper()
	rep, err := check.Run(context.Background(), r, check.Options{ReadData: true}, nil)
	must(t, err)
	if rep.Damaged || tidy && len(rep.Notices) > 0 {
		t.Fatalf("check: %+v %v", rep.Damages, rep.Notices)
	}
}

func count(t testing.TB, st store.Store, typ store.Type) (n int, size int64) {
	t.Helper()
	must(t, st.List(context.Background(), typ, func(i store.Info) error { n++; size += i.Size; return nil }))
	return n, size
}

func TestPrune(t *testing.T) {
	st := mem.New()
	r := newRepo(t, st)
	a := save(t, r, span(0, 200)...)
	b := save(t, r, append(span(0, 20), span(300, 400)...)...)
	_, before := count(t, st, store.Pack)
	if rep := run(t, r, prune.Options{}); rep.Freed != 0 || rep.IndexRemoved != 0 {
		t.Errorf("nothing was to be done: %+v", rep)
	}
	drop(t, r, a.ID)
	dryRun := run(t, r, prune.Options{DryRun: true})
	if _, now := count(t, st, store.Pack); now != before {
		t.Error("a dry run changed the store")
	}
	rep := run(t, r, prune.Options{})
	_, after := count(t, st, store.Pack)
	if rep.Freed != before-after || rep.BytesAfter != after || rep.Freed < 10<<20 || rep.Snapshots != 1 {
		t.Errorf("from %d to %d bytes: %+v", before, after, rep)
	}
	if rep.PacksUnused != dryRun.PacksUnused || rep.PacksRepacked != dryRun.PacksRepacked || rep.UnusedAfter != dryRun.UnusedAfter {
		t.Errorf("expected %+v\nbecame %+v", dryRun, rep)
	}
	if rep.PacksRepacked == 0 || rep.PacksUnused == 0 || rep.UnusedAfter > after/19 {
		t.Errorf("report %+v", rep)
	}
	holds(t, r, b, append(span(0, 20), span(300, 400)...)...)
	whole(t, r, true)
	whole(t, open(t, st, "full"), true)
	if n, _ := count(t, st, store.Snapshot); n != 1 {
		t.Errorf("%d snapshot objects", n)
	}
	if rep := run(t, r, prune.Options{}); rep.Freed != 0 || rep.IndexRemoved != 0 {
		t.Errorf("the second prune: %+v", rep)
	}
	drop(t, r, b.ID)
	run(t, r, prune.Options{})
	for _, typ := range []store.Type{store.Pack, store.Index, store.Snapshot} {
		if n, _ := count(t, st, typ); n != 0 {
			t.Errorf("%d objects in %s are left of nothing", n, typ)
		}
	}
}

func TestMaxUnused(t *testing.T) {
	for _, c := range []struct {
		text   string
		repack bool
	}{{"unlimited", false}, {"0%", true}, {"1G", false}, {"0", true}, {"90%", false}} {
		st := mem.New()
		r := newRepo(t, st)
		a := save(t, r, span(0, 60)...)
		save(t, r, span(0, 25)...)
		drop(t, r, a.ID)
		limit, err := prune.ParseUnused(c.text)
		must(t, err)
		rep := run(t, r, prune.Options{MaxUnused: limit})
		if rep.PacksRepacked > 0 != c.repack {
			t.Errorf("%s: %+v", c.text, rep)
		}
		if c.repack && rep.UnusedAfter != 0 {
			t.Errorf("%s: %d bytes stay unused", c.text, rep.UnusedAfter)
		}
		whole(t, r, true)
	}
	for _, bad := range []string{"", "x", "-1", "101%", "5X", "%", "99999999999T"} {
		if _, err := prune.ParseUnused(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestSmallPacksAreJoined(t *testing.T) {
	st := mem.New()
	r := newRepo(t, st)
	var all []repo.Snapshot
	for i := range 40 {
		all = append(all, save(t, r, i))
	}
	rep := run(t, r, prune.Options{})
	if n, _ := count(t, st, store.Pack); n > 4 {
		t.Errorf("%d packs: %+v", n, rep)
	}
	if n, _ := count(t, st, store.Index); n != 1 {
		t.Errorf("%d index files", n)
	}
	for i, s := range all {
		holds(t, r, s, i)
	}
	whole(t, r, true)
}

// TestOrphans: what a broken-off run left is marked, then removed.
func TestOrphans(t *testing.T) {
	ctx := context.Background()
	st := mem.New()
	r := newRepo(t, st)
	keep := save(t, r, span(0, 10)...)
	boom := errors.New("boom")
	_, err := r.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		if _, err := tell(ctx, r, w, span(100, 200)); err != nil {
			return repo.Snapshot{}, err
		}
		time.Sleep(300 * time.Millisecond) // so that it leaves a keep
		if _, err := tell(ctx, r, w, span(200, 300)); err != nil {
			return repo.Snapshot{}, err
		}
		return repo.Snapshot{}, boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	r = open(t, st, "full")
	packs, _ := count(t, st, store.Pack)
	if packs < 4 {
		t.Fatalf("%d packs", packs)
	}
	rep := run(t, r, prune.Options{})
	if now, _ := count(t, st, store.Pack); now != packs || rep.Orphans != 0 {
		t.Errorf("young orphans went: %+v", rep)
	}
	whole(t, r, false)
	rep = run(t, r, prune.Options{Now: time.Now().Add(25 * time.Hour)})
	if now, _ := count(t, st, store.Pack); now != 2 || rep.Orphans != packs-2 {
		t.Errorf("%d packs, %+v", now, rep)
	}
	if n := len(r.State().Keeps()); n != 0 {
		t.Errorf("%d keeps", n)
	}
	whole(t, r, true)
	holds(t, r, keep, span(0, 10)...)
}

// TestBusyRunIsSpared: while a run is under way victims wait.
func TestBusyRunIsSpared(t *testing.T) {
	ctx := context.Background()
	st := mem.New()
	r, other := newRepo(t, st), open(t, st, "full")
	a := save(t, r, span(0, 80)...)
	var s repo.Snapshot
	tries := 0
	s, err := other.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		tries++
		if _, err := tell(ctx, other, w, span(500, 580)); err != nil {
			return repo.Snapshot{}, err
		}
		time.Sleep(300 * time.Millisecond)
		if _, err := tell(ctx, other, w, span(600, 680)); err != nil {
			return repo.Snapshot{}, err
		}
		if tries == 1 {
			drop(t, r, a.ID)
			for len(r.State().Keeps()) == 0 && ctx.Err() == nil { // its uploads go on in the background
				time.Sleep(time.Millisecond)
				_, err := r.Refresh(ctx)
				must(t, err)
			}
			rep := run(t, r, prune.Options{})
			if rep.VictimsWaiting == 0 || rep.PacksUnused != 0 {
				t.Errorf("beside a busy run: %+v", rep)
			}
		}
		return tell(ctx, other, w, span(0, 80))
	})
	must(t, err)
	if tries != 1 {
		t.Errorf("the run had to begin %d times", tries)
	}
	_, err = r.Refresh(ctx)
	must(t, err)
	holds(t, r, s, span(0, 80)...)
	whole(t, r, false)
}

// TestSweptUnderARun: without a grace a run notices and stores again.
func TestSweptUnderARun(t *testing.T) {
	ctx := context.Background()
	st := mem.New()
	r, other := newRepo(t, st), open(t, st, "full")
	a := save(t, r, span(0, 80)...)
	tries := 0
	s, err := other.Write(ctx, func(ctx context.Context, w *repo.Writer) (repo.Snapshot, error) {
		tries++
		snap, err := tell(ctx, other, w, span(0, 90))
		if tries == 1 {
			drop(t, r, a.ID)
			if rep := run(t, r, prune.Options{Grace: prune.NoGrace}); rep.PacksUnused == 0 {
				t.Errorf("nothing was swept: %+v", rep)
			}
		}
		return snap, err
	})
	must(t, err)
	if tries != 2 {
		t.Errorf("the run began %d times, want 2", tries)
	}
	_, err = r.Refresh(ctx)
	must(t, err)
	holds(t, r, s, span(0, 90)...)
	whole(t, r, false)
	run(t, r, prune.Options{Grace: prune.NoGrace})
	whole(t, r, true)
}

// hooked runs something before a chosen log entry is put.
type hooked struct {
	store.Store
	before func()
}

func (h *hooked) Put(ctx context.Context, n store.Name, p []byte) (bool, error) {
	if n.Type == store.Log && h.before != nil {
		do := h.before
		h.before = nil
		do()
	}
	return h.Store.Put(ctx, n, p)
}

// TestCommitBeforeSweep: a snapshot that is committed between the plan and the
// sweep and needs what was to go makes prune compute again.
func TestCommitBeforeSweep(t *testing.T) {
	st := mem.New()
	other := newRepo(t, st)
	a := save(t, other, span(0, 80)...)
	drop(t, other, a.ID)
	h := &hooked{Store: st}
	r := open(t, h, "full")
	var late repo.Snapshot
	h.before = func() { late = save(t, other, span(0, 40)...) }
	rep := run(t, r, prune.Options{})
	if late.ID == (repo.Name{}) {
		t.Fatal("the snapshot was not committed in between")
	}
	holds(t, r, late, span(0, 40)...)
	whole(t, r, true)
	if rep.Freed == 0 {
		t.Errorf("report %+v", rep)
	}
}

// TestTwoPrunes: of two at once both end well.
func TestTwoPrunes(t *testing.T) {
	st := mem.New()
	other := newRepo(t, st)
	a, b := save(t, other, span(0, 80)...), save(t, other, span(60, 100)...)
	drop(t, other, a.ID)
	h := &hooked{Store: st}
	r := open(t, h, "full")
	h.before = func() { run(t, other, prune.Options{}) }
	run(t, r, prune.Options{})
	holds(t, r, b, span(60, 100)...)
	whole(t, r, true)
}

// TestBackupKeys: two hosts store the same; prune drops one copy only after the
// other was read, and vouches for what stays.
func TestBackupKeys(t *testing.T) {
	ctx := context.Background()
	for _, broken := range []bool{false, true} {
		t.Run(fmt.Sprint("broken ", broken), func(t *testing.T) {
			st := mem.New()
			full := newRepo(t, st)
			for _, label := range []string{"one", "two"} {
				_, err := full.AddKey(ctx, seal.Backup, label, []byte(label), argon())
				must(t, err)
			}
			a := save(t, open(t, st, "one"), span(0, 40)...)
			b := save(t, open(t, st, "two"), append(span(0, 40), span(100, 140)...)...)
			_, err := full.Refresh(ctx)
			must(t, err)
			if broken {
				// One of the copies of a chunk that both have is damaged.
				ix, err := full.Index(ctx)
				must(t, err)
				ref, _ := full.Keys().Name(chunk.Data, block(5), nil)
				all := ix.All(ref.ID, ref.Kind, nil)
				if len(all) != 2 {
					t.Fatalf("%d copies", len(all))
				}
				n := store.Name{Type: store.Pack, Name: repo.Name(all[0].Pack).String()}
				p, err := st.Get(ctx, n, 0, -1)
				must(t, err)
				p[all[0].Offset+100] ^= 1
				must(t, st.Remove(ctx, n))
				_, err = st.Put(ctx, n, p)
				must(t, err)
			}
			limit, err := prune.ParseUnused("0")
			must(t, err)
			rep, err := prune.Run(ctx, full, prune.Options{MaxUnused: limit}, nil)
			if err != nil && !broken {
				t.Fatal(err)
			}
			if err != nil && !errors.Is(err, chunk.ErrDamaged) {
				t.Fatal(err)
			}
			holds(t, full, a, span(0, 40)...)
			holds(t, full, b, append(span(0, 40), span(100, 140)...)...)
			if !broken {
				whole(t, full, true)
				if _, size := count(t, st, store.Pack); size > 81*(64<<10)+64<<10 {
					t.Errorf("%d bytes for 80 blocks: %+v", size, rep)
				}
			}
		})
	}
}

func TestBackupKeyMayNot(t *testing.T) {
	ctx := context.Background()
	st := mem.New()
	full := newRepo(t, st)
	_, err := full.AddKey(ctx, seal.Backup, "", []byte("weak"), argon())
	must(t, err)
	if _, err := prune.Run(ctx, open(t, st, "weak"), prune.Options{}, nil); !errors.Is(err, repo.ErrNeedsFull) {
		t.Errorf("got %v", err)
	}
}

// TestDamageStopsPrune: what is needed and can't be read lets nothing go.
func TestDamageStopsPrune(t *testing.T) {
	ctx := context.Background()
	st := mem.New()
	r := newRepo(t, st)
	a := save(t, r, span(0, 60)...)
	save(t, r, span(0, 10)...)
	drop(t, r, a.ID)
	var victim store.Info
	must(t, st.List(ctx, store.Pack, func(i store.Info) error {
		if victim.Size == 0 || i.Size < victim.Size {
			victim = i
		}
		return nil
	}))
	ix, err := r.Index(ctx)
	must(t, err)
	ref, _ := r.Keys().Name(chunk.Data, block(3), nil)
	at, _ := ix.Find(ref.ID, ref.Kind, nil)
	n := store.Name{Type: store.Pack, Name: repo.Name(at.Pack).String()}
	p, err := st.Get(ctx, n, 0, -1)
	must(t, err)
	p[at.Offset+9] ^= 1
	must(t, st.Remove(ctx, n))
	_, err = st.Put(ctx, n, p)
	must(t, err)
	before, _ := count(t, st, store.Pack)
	if _, err := prune.Run(ctx, r, prune.Options{}, nil); !errors.Is(err, chunk.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if now, _ := count(t, st, store.Pack); now != before {
		t.Errorf("%d packs, before %d", now, before)
	}
}
