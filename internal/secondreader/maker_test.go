package secondreader_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/zeebo/blake3"

	"ivyvault/index"
	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/local"
	"ivyvault/sources/dir"
)

// maker writes the golden repository.
type maker struct {
	t   testing.TB
	ctx context.Context
}

func cheap() seal.Argon { return seal.Argon{Passes: 1, MemoryKiB: 64, Lanes: 1} }

func newMaker(t testing.TB) *maker {
	m := &maker{t: t, ctx: context.Background()}
	st, err := local.Create(m.ctx, repository())
	m.must(err)
	r, err := repo.Init(m.ctx, st, repo.InitOptions{
		Label: "golden", Password: []byte(fullPassword), Argon: cheap(),
		Config: repo.Config{PackSize: repo.MinPackSize, ChunkMin: 512 << 10, ChunkAvg: 1 << 20, ChunkMax: 2 << 20},
	})
	m.must(err)
	defer r.Close()
	_, err = r.AddKey(m.ctx, seal.Backup, "golden backup", []byte(backupPassword), cheap())
	m.must(err)
	return m
}

func (m *maker) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *maker) full() *repo.Repo { return m.open(fullPassword) }

func (m *maker) open(password string) *repo.Repo {
	m.t.Helper()
	return openRepo(m.t, repository(), password)
}

func (m *maker) state() *log.State { return m.full().State() }

func openRepo(t testing.TB, path, password string) *repo.Repo {
	t.Helper()
	st, err := local.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.Open(context.Background(), st, repo.Options{Password: []byte(password)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// backup makes a snapshot of host and returns its id.
func (m *maker) backup(r *repo.Repo, root, host string) repo.Name {
	m.t.Helper()
	src, err := dir.New([]string{root}, dir.Options{})
	m.must(err)
	rep, err := backup.Run(m.ctx, r, backup.Options{
		Source: below{src, root}, Paths: []string{"/srv/ivy"}, Host: host, User: "ivy", Program: "golden", Tags: []string{host},
	}, nil)
	m.must(err)
	if rep.Incomplete {
		m.t.Fatalf("incomplete: %v", rep.Findings)
	}
	return rep.Snapshot
}

func (m *maker) describe(root, host string) {
	m.t.Helper()
	m.must(os.WriteFile(manifest(host), []byte(text(fromDisk(m.t, root))), 0o644))
}

// tag gives the snapshot of host another form.
func (m *maker) tag(host, tag string) {
	m.t.Helper()
	r := m.full()
	list, err := r.Snapshots(m.ctx)
	m.must(err)
	for _, s := range list {
		if s.Host != host {
			continue
		}
		s.Tags = append(s.Tags, tag)
		s.Replaces = s.Form
		_, err := r.Write(m.ctx, func(context.Context, *repo.Writer) (repo.Snapshot, error) { return s, nil })
		m.must(err)
	}
}

// ring opens the key slot of the full key, to write what no verb writes on its
// own.
func (m *maker) ring() *seal.Keyring {
	m.t.Helper()
	conf, err := os.ReadFile(filepath.Join(repository(), "config"))
	m.must(err)
	r := m.full()
	id, err := parseRepoID(r.Config().ID)
	m.must(err)
	keys, err := r.ListKeys(m.ctx)
	m.must(err)
	for _, k := range keys {
		if k.Current {
			slot, err := r.Store().Get(m.ctx, store.Name{Type: store.Key, Name: k.Name.String()}, 0, -1)
			m.must(err)
			ring, err := seal.OpenSlot(slot, id, blake3.Sum256(conf), []byte(fullPassword))
			m.must(err)
			return ring
		}
	}
	m.t.Fatal("no key is current")
	return nil
}

func (m *maker) log() *log.Log {
	m.t.Helper()
	conf, err := os.ReadFile(filepath.Join(repository(), "config"))
	m.must(err)
	l, err := log.Open(m.ctx, log.Options{Store: m.full().Store(), Sealer: m.ring(), Config: blake3.Sum256(conf), Now: time.Now})
	m.must(err)
	return l
}

func parseRepoID(s string) (id seal.RepoID, err error) {
	var n repo.Name
	err = n.UnmarshalText([]byte(s))
	return seal.RepoID(n), err
}

func (m *maker) append(l *log.Log, bodies ...log.Body) {
	m.t.Helper()
	for _, b := range bodies {
		done := false
		_, err := l.Update(m.ctx, func(*log.State) (log.Body, error) {
			if done {
				return nil, nil
			}
			done = true
			return b, nil
		})
		m.must(err)
	}
}

// runs notes two backups under way; one of them goes on after its first keep.
func (m *maker) runs() {
	l := m.log()
	index := l.State().Index()
	parent := l.State().Snapshots()[0].ID
	m.append(l,
		log.Keep{Run: log.Run{1}, Parent: parent, Index: index[:1]},
		log.Keep{Run: log.Run{2}},
		log.Keep{Run: log.Run{1}, Parent: parent, Index: index},
	)
}

// prune forgets a snapshot, marks and sweeps what it alone needed: the packs
// that the index files name. One new index file takes the place of all. Then
// it removes the objects.
func (m *maker) prune(gone repo.Name, index []log.Name) {
	m.t.Helper()
	r := m.full()
	l := m.log()
	packs, _ := m.packs(r, index)
	live := newNames(index, l.State().Index())
	still, merged := m.packs(r, live)
	obj, err := m.ring().SealBox(seal.AppendHead(nil, seal.KindIndex), seal.KindIndex, merged)
	m.must(err)
	added := seal.ObjectName(obj)
	_, err = r.Store().Put(m.ctx, store.Name{Type: store.Index, Name: repo.Name(added).String()}, obj)
	m.must(err)
	m.append(l,
		log.Forget{Snapshots: []log.Name{gone}},
		log.Mark{Packs: append(slices.Clone(packs), still[0])},
		log.Sweep{Packs: packs, IndexRemoved: l.State().Index(), IndexAdded: []log.Name{added}, Ended: []log.Run{{1}}},
	)
	remove := func(t store.Type, names ...log.Name) {
		for _, n := range names {
			m.must(r.Store().Remove(m.ctx, store.Name{Type: t, Name: repo.Name(n).String()}))
		}
	}
	remove(store.Pack, packs...)
	remove(store.Index, slices.Concat(index, live)...)
	remove(store.Snapshot, gone)
}

// packs returns the packs that index files name, and one index file of them all.
func (m *maker) packs(r *repo.Repo, names []log.Name) (packs []log.Name, merged []byte) {
	m.t.Helper()
	var all index.File
	for _, n := range names {
		f, _, err := r.IndexFile(m.ctx, repo.Name(n))
		m.must(err)
		for _, p := range f.Packs {
			packs = append(packs, p.Name)
		}
		all.Packs = append(all.Packs, f.Packs...)
	}
	merged, err := index.Encode(all)
	m.must(err)
	return packs, merged
}

// whole adds a state entry with something in each of its lists, and one entry
// after it.
func (m *maker) whole() {
	l := m.log()
	s := l.State()
	m.append(l, log.Keep{Run: log.Run{4}, Parent: s.Snapshots()[0].ID, Index: s.Index()})
	s = l.State()
	m.append(l,
		log.Whole{Snapshots: s.Snapshots(), Index: s.Index(), Marks: s.Marks(), Keeps: s.Keeps()},
		log.Keep{Run: log.Run{3}},
	)
}

// newNames returns what is in now and not in before.
func newNames(before, now []log.Name) (fresh []log.Name) {
	old := map[log.Name]bool{}
	for _, n := range before {
		old[n] = true
	}
	for _, n := range now {
		if !old[n] {
			fresh = append(fresh, n)
		}
	}
	return fresh
}
