package stories

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// A mount stays open while backups, checks, forgets and prunes come and go on
// one machine and one cache. Each ends well, and what is read from the mount
// meanwhile is right: no read fails but of what was forgotten.
func TestMountBackupCheckAndPruneAtOnce(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first := h.writeTree(0)
	h.ok("backup", "src", "--tag", "keep")
	kept := h.snapshots()[0]
	m := h.mount()

	// Another process reads the first snapshot in a loop, and whatever else
	// there is: the shell here, so that reads fail as a user would see it.
	reader := newReader(t, m, kept, h.path("src"), first)
	t.Cleanup(reader.end)

	const rounds = 3
	for day := 1; day <= rounds; day++ {
		h.writeTree(day)
		backup, other, check := h.start("backup", "src"), h.start("backup", "src/documents", "--host", "other"), h.start("check", "--read-data")
		ended(t, backup, other, check)
		ids := h.snapshots()
		newest := ids[len(ids)-1]
		until(t, "the mount shows the new snapshots", func() bool {
			shown := m.list("ids")
			return slices.ContainsFunc(shown, func(n string) bool { return strings.HasPrefix(newest, n) || strings.HasPrefix(n, newest) }) && len(shown) == len(ids)
		})
		before := bytesOf(h.objects("packs"))
		ended(t, h.start("forget", "--keep-last", "1", "--keep-tag", "keep"), h.start("check"))
		// The source changes while the next backup and a prune run at once.
		h.writeTree(100 + day)
		prune := h.start("prune", "--grace", "0", "--max-unused", "0")
		ended(t, prune, h.start("backup", "src"), h.start("check"), h.start("snapshots"), h.start("stats"))
		ended(t, h.start("prune", "--grace", "0", "--max-unused", "0"), h.start("check", "--read-data"))
		if day > 1 && bytesOf(h.objects("packs")) > before+8<<20 {
			t.Errorf("nothing was pruned: %d bytes of packs before, %d after", before, bytesOf(h.objects("packs")))
		}
		live := len(h.snapshots())
		until(t, "the forgotten snapshots leave the mount", func() bool { return len(m.list("ids")) == live })
	}
	until(t, "the reader has come round", func() bool { return reader.rounds.Load() > rounds || reader.failed.Load() })
	reader.end()
	t.Logf("the reader read the whole snapshot %d times meanwhile", reader.rounds.Load())
	holds(t, m.path("ids", m.idOf(kept), h.path("src")), first)
	m.close()
	h.restores("latest", copyOf(t, h.path("src")))
}

// idOf returns the name below ids of a snapshot.
func (m *mounted) idOf(id string) string {
	m.t.Helper()
	for _, n := range m.list("ids") {
		if strings.HasPrefix(id, n) || strings.HasPrefix(n, id) {
			return n
		}
	}
	m.t.Fatalf("%s is not among ids: %v", id, m.list("ids"))
	return ""
}

// ended waits for processes and fails the test where one did not end well.
func ended(t *testing.T, list ...*process) {
	t.Helper()
	for _, p := range list {
		if r := p.wait(); r.code != 0 {
			t.Errorf("exit code %d: %s", r.code, r)
		} else {
			noCrash(t, r)
		}
	}
}

// reader reads a mount in a loop.
type reader struct {
	t      *testing.T
	stop   atomic.Bool
	done   chan struct{}
	rounds atomic.Int64
	failed atomic.Bool
}

func newReader(t *testing.T, m *mounted, id, src string, want map[string][]byte) *reader {
	r := &reader{t: t, done: make(chan struct{})}
	root := m.path("ids", m.idOf(id), src)
	go func() {
		defer close(r.done)
		for !r.stop.Load() && !r.failed.Load() {
			r.round(root, m.path("snapshots"), want)
			r.rounds.Add(1)
		}
	}()
	return r
}

// round reads the snapshot that stays, and walks over all others, which may go
// while they are walked.
func (r *reader) round(root, all string, want map[string][]byte) {
	for path, content := range want {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err == nil && string(got) != string(content) {
			err = fmt.Errorf("%s has another content", path)
		}
		if err != nil {
			r.t.Errorf("a read failed: %v", err)
			r.failed.Store(true)
			return
		}
	}
	entries, err := os.ReadDir(all)
	if err != nil {
		r.t.Errorf("listing the snapshots failed: %v", err)
		r.failed.Store(true)
		return
	}
	for _, e := range entries {
		_ = filepath.WalkDir(filepath.Join(all, e.Name()), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				_, err = os.ReadFile(path)
			}
			if _, gone := os.Lstat(filepath.Join(all, e.Name())); errors.Is(gone, fs.ErrNotExist) || err == nil {
				return err // a snapshot that was forgotten may end at any place
			}
			r.t.Logf("in a snapshot that may be going: %v", err)
			return err
		})
	}
}

func (r *reader) end() {
	r.stop.Store(true)
	<-r.done
}
