package check_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/check"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/sources/dir"
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
	r, err := repo.Init(context.Background(), st, repo.InitOptions{Password: []byte("secret"), Argon: argon(), Config: repo.Config{PackSize: repo.MinPackSize}})
	must(t, err)
	return r
}

func open(t testing.TB, st store.Store, password string) *repo.Repo {
	t.Helper()
	r, err := repo.Open(context.Background(), st, repo.Options{Password: []byte(password)})
	must(t, err)
	return r
}

func save(t testing.TB, r *repo.Repo, root, host string) backup.Report {
	t.Helper()
	src, err := dir.New([]string{root}, dir.Options{})
	must(t, err)
	rep, err := backup.Run(context.Background(), r, backup.Options{Source: src, Paths: []string{root}, Host: host}, nil)
	must(t, err)
	return rep
}

// fill makes a source whose data needs several packs.
func fill(t testing.TB, root string, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range 40 {
		size := 1000
		if i%4 == 0 {
			size = 1 << 20
		}
		p := make([]byte, size)
		for j := range p {
			p[j] = byte(rng.Uint32())
		}
		must(t, os.MkdirAll(filepath.Join(root, fmt.Sprint(i%5)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, fmt.Sprint(i%5), fmt.Sprintf("f%02d", i)), p, 0o644))
	}
}

func run(t testing.TB, r *repo.Repo, opt check.Options) check.Report {
	t.Helper()
	rep, err := check.Run(context.Background(), r, opt, nil)
	must(t, err)
	return rep
}

// largest returns the largest, or smallest, object of a type.
func pick(t testing.TB, st store.Store, typ store.Type, largest bool) store.Info {
	t.Helper()
	var found store.Info
	must(t, st.List(context.Background(), typ, func(i store.Info) error {
		if found.Size == 0 || i.Size > found.Size == largest {
			found = i
		}
		return nil
	}))
	return found
}

func TestWhole(t *testing.T) {
	st, root := mem.New(), t.TempDir()
	r := newRepo(t, st)
	fill(t, root, 1)
	save(t, r, root, "a")
	save(t, r, root, "b")
	for _, opt := range []check.Options{{}, {ReadData: true}, {ReadData: true, Subset: "1/2"}, {ReadData: true, Subset: "30%"}, {ReadData: true, Subset: "5M"}} {
		rep := run(t, r, opt)
		if rep.Damaged || len(rep.Notices) > 0 || len(rep.Unchecked) > 0 {
			t.Errorf("%+v: %+v", opt, rep)
		}
		if rep.Snapshots != 2 || rep.Packs < 3 || rep.Chunks == 0 || rep.Entries < 3 {
			t.Errorf("%+v: %+v", opt, rep)
		}
		if opt.ReadData && opt.Subset == "" && (rep.Read != rep.Packs || rep.ReadBytes != rep.Bytes) {
			t.Errorf("not all was read: %+v", rep)
		}
		if !opt.ReadData && rep.Read != 0 {
			t.Errorf("packs were read: %+v", rep)
		}
	}
	one, two := run(t, r, check.Options{ReadData: true, Subset: "1/2"}), run(t, r, check.Options{ReadData: true, Subset: "2/2"})
	if one.Read+two.Read != one.Packs {
		t.Errorf("two halves are %d and %d of %d packs", one.Read, two.Read, one.Packs)
	}
	for _, bad := range []string{"0/3", "4/3", "x", "0%", "101%", "-1", "1Q", "9999999999999T"} {
		if _, err := check.Run(context.Background(), r, check.Options{Subset: bad}, nil); err == nil {
			t.Errorf("the part %q was accepted", bad)
		}
	}
}

// TestDamage: each kind of damage is found, named, and its victims with it.
func TestDamage(t *testing.T) {
	root := t.TempDir()
	fill(t, root, 2)
	medium := mem.New()
	r := newRepo(t, medium)
	save(t, r, root, "a")
	change := func(how func([]byte) []byte) func(*mem.Store, store.Name) {
		return func(st *mem.Store, n store.Name) {
			p, err := st.Get(context.Background(), n, 0, -1)
			must(t, err)
			must(t, st.Remove(context.Background(), n))
			if p = how(bytes.Clone(p)); p != nil {
				_, err = st.Put(context.Background(), n, p)
				must(t, err)
			}
		}
	}
	flip := func(at int) func(*mem.Store, store.Name) {
		return change(func(p []byte) []byte { p[(at+len(p))%len(p)] ^= 1; return p })
	}
	gone := change(func([]byte) []byte { return nil })
	cut := change(func(p []byte) []byte { return p[:len(p)-4096] })
	longer := change(func(p []byte) []byte { return append(p, make([]byte, 4096)...) })
	for _, c := range []struct {
		name    string
		typ     store.Type
		largest bool
		do      func(*mem.Store, store.Name)
		data    bool   // only reading all data finds it
		what    string // begins the damage's What
		victims bool   // files are named
	}{
		{"a byte in a data pack", store.Pack, true, flip(1 << 20), true, "pack ", true},
		{"a byte in a header", store.Pack, true, flip(40), true, "pack ", true},
		{"a byte in the padding", store.Pack, true, flip(-17), true, "pack ", false},
		{"a data pack gone", store.Pack, true, gone, false, "pack ", true},
		{"a data pack cut", store.Pack, true, cut, false, "pack ", true},
		{"a data pack grown", store.Pack, true, longer, false, "pack ", true},
		{"a tree pack gone", store.Pack, false, gone, false, "pack ", true},
		{"a byte in a tree pack", store.Pack, false, flip(1300), false, "pack ", true},
		{"an index file gone", store.Index, true, gone, false, "index file ", false},
		{"a byte in an index file", store.Index, true, flip(100), false, "index file ", false},
		{"a snapshot gone", store.Snapshot, true, gone, false, "snapshot ", false},
		{"a byte in a snapshot", store.Snapshot, true, flip(1300), false, "snapshot ", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := medium.Clone()
			victim := pick(t, st, c.typ, c.largest)
			c.do(st, victim.Name)
			r := open(t, st, "secret")
			defer r.Close()
			if rep := run(t, r, check.Options{}); rep.Damaged == c.data {
				t.Errorf("without reading data: damaged %v: %+v", rep.Damaged, rep.Damages)
			}
			rep := run(t, r, check.Options{ReadData: true})
			if !rep.Damaged {
				t.Fatal("nothing was found")
			}
			var found *check.Damage
			for i := range rep.Damages {
				if strings.HasPrefix(rep.Damages[i].What, c.what) {
					found = &rep.Damages[i]
				}
				if rep.Damages[i].Do == "" || rep.Damages[i].How == "" {
					t.Errorf("an empty field: %+v", rep.Damages[i])
				}
			}
			if found == nil {
				t.Fatalf("found %+v", rep.Damages)
			}
			if c.typ == store.Pack && len(rep.Damages) != 1 {
				t.Errorf("one cause, but %+v", rep.Damages)
			}
			if c.victims && (len(found.Files) == 0 || len(found.Snapshots) != 1) {
				t.Errorf("no victims: %+v", found)
			}
		})
	}
	log := pick(t, medium, store.Log, true).Name
	st := medium.Clone()
	r2 := open(t, st, "secret")
	defer r2.Close()
	flip(60)(st, log)
	if rep := run(t, r2, check.Options{}); !rep.Damaged || !strings.HasPrefix(rep.Damages[0].What, "log/") {
		t.Errorf("a byte in the log: %+v", rep.Damages)
	}
}

// TestLogEnd: what is wrong beyond the entries that were read is found as well.
func TestLogEnd(t *testing.T) {
	ctx := context.Background()
	st, root := mem.New(), t.TempDir()
	r := newRepo(t, st)
	fill(t, root, 5)
	save(t, r, root, "a")
	other := open(t, st, "secret")
	defer other.Close()
	save(t, r, root, "b")
	var last store.Name
	must(t, st.List(ctx, store.Log, func(i store.Info) error {
		if i.Name.Name > last.Name {
			last = i.Name
		}
		return nil
	}))
	p, err := st.Get(ctx, last, 0, -1)
	must(t, err)
	p[70] ^= 1
	must(t, st.Remove(ctx, last))
	_, err = st.Put(ctx, last, p)
	must(t, err)
	rep := run(t, other, check.Options{})
	if !rep.Damaged || !strings.HasPrefix(rep.Damages[0].What, "the log") {
		t.Errorf("%+v", rep.Damages)
	}
}

// TestOneFrame: of a damaged pack only the files in the broken frame suffer.
func TestOneFrame(t *testing.T) {
	ctx := context.Background()
	st, root := mem.New(), t.TempDir()
	r := newRepo(t, st)
	fill(t, root, 3)
	save(t, r, root, "a")
	save(t, r, root, "b")
	victim := pick(t, st, store.Pack, true)
	p, err := st.Get(ctx, victim.Name, 0, -1)
	must(t, err)
	p[len(p)/2] ^= 8
	must(t, st.Remove(ctx, victim.Name))
	_, err = st.Put(ctx, victim.Name, p)
	must(t, err)
	rep := run(t, r, check.Options{ReadData: true})
	if len(rep.Damages) != 1 || len(rep.Damages[0].Files) != 1 || len(rep.Damages[0].Snapshots) != 2 {
		t.Errorf("damages: %+v", rep.Damages)
	}
}

// TestBackupKey: it checks what it can, says what it can't; what it wrote is
// vouched for by a full key that read all.
func TestBackupKey(t *testing.T) {
	ctx := context.Background()
	st, root := mem.New(), t.TempDir()
	full := newRepo(t, st)
	_, err := full.AddKey(ctx, seal.Backup, "engine", []byte("weak"), argon())
	must(t, err)
	weak := open(t, st, "weak")
	fill(t, root, 4)
	save(t, weak, root, "a")

	rep := run(t, weak, check.Options{ReadData: true})
	if rep.Damaged || len(rep.Unchecked) == 0 || rep.Read == 0 || rep.Vouched != 0 {
		t.Errorf("backup key: %+v", rep)
	}
	before := save(t, full, root, "b").Stats
	if before.ChunksNew == 0 {
		t.Error("a full key relied on what a backup key wrote")
	}
	rep = run(t, full, check.Options{ReadData: true})
	if rep.Damaged || rep.Vouched == 0 {
		t.Fatalf("full key: %+v", rep)
	}
	if rep := run(t, full, check.Options{ReadData: true}); rep.Damaged || rep.Vouched != 0 || len(rep.Notices) > 0 {
		t.Errorf("the second time: %+v", rep)
	}
	_, err = full.AddKey(ctx, seal.Backup, "other", []byte("other"), argon())
	must(t, err)
	other := open(t, st, "other")
	if got := save(t, other, root, "c").Stats; got.ChunksNew > 2 {
		t.Errorf("another key stored %d chunks again", got.ChunksNew)
	}

	victim := pick(t, st, store.Pack, true)
	must(t, st.Remove(ctx, victim.Name))
	if rep := run(t, weak, check.Options{}); !rep.Damaged {
		t.Error("a backup key missed a pack that is gone")
	}
}
