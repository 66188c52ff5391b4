package stories

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// wound is one kind of damage and what must be said of it.
type wound struct {
	name    string
	inflict func(t *testing.T, h *host)
	check   int      // exit code of check
	data    int      // of check --read-data
	opens   int      // of a verb that reads no file's content: snapshots
	says    []string // by check --read-data
	loses   []string // files that can't be read any more; nil with opens != 0 where none can
}

const advice = "copy of the repository"

// The first snapshot has kept and lost, each in packs of its own run; later
// runs add more. So what a wound takes is known.
func wounds() []wound {
	return []wound{
		{"a flipped byte in a pack", func(t *testing.T, h *host) { flip(t, h.packOfLost()) }, 0, 13, 0, []string{"DAMAGE", "pack ", "suffers", "/lost", advice}, []string{"lost"}},
		{"a cut pack", func(t *testing.T, h *host) { cut(t, h.packOfLost()) }, 13, 13, 0, []string{"DAMAGE", "pack ", "bytes instead of", "suffers", "/lost", advice}, []string{"lost"}},
		{"a missing pack", func(t *testing.T, h *host) { drop(t, h.packOfLost()) }, 13, 13, 0, []string{"DAMAGE", "pack ", "gone", "suffers", "/lost", advice}, []string{"lost"}},
		{"a missing index file", func(t *testing.T, h *host) { drop(t, largest(t, h.objects("index"))) }, 13, 13, 0, []string{"DAMAGE", "index file ", "no such file", advice}, []string{"lost"}},
		{"a flipped index file", func(t *testing.T, h *host) { flip(t, largest(t, h.objects("index"))) }, 13, 13, 0, []string{"DAMAGE", "index file ", advice}, []string{"lost"}},
		{"a flipped log entry", func(t *testing.T, h *host) { flip(t, filepath.Join(h.repo, "log", "0000000000000001")) }, 13, 13, 13, []string{"log entry 1", "damaged", advice}, nil},
		{"a missing log entry", func(t *testing.T, h *host) { drop(t, filepath.Join(h.repo, "log", "0000000000000001")) }, 13, 13, 13, []string{"log entry 1", "missing", advice}, nil},
		{"a log that was cut back", func(t *testing.T, h *host) { h.ok("snapshots"); drop(t, h.lastEntry()) }, 13, 13, 13, []string{"rolled back", "find out"}, nil},
		{"a missing snapshot object", func(t *testing.T, h *host) { drop(t, h.objects("snapshots")[0].path) }, 13, 13, 13, []string{"DAMAGE", "snapshot ", "gone", advice}, nil},
		{"a cut snapshot object", func(t *testing.T, h *host) { cut(t, h.objects("snapshots")[0].path) }, 13, 13, 13, []string{"DAMAGE", "snapshot ", "bytes", advice}, nil},
		{"a flipped key slot", func(t *testing.T, h *host) { flip(t, h.objects("keys")[0].path) }, 13, 13, 13, []string{"key ", "damaged"}, nil},
		{"a changed config", func(t *testing.T, h *host) {
			overwrite(t, filepath.Join(h.repo, "config"), func(p []byte) []byte { return []byte(strings.Replace(string(p), "fastest", "default", 1)) })
		}, 13, 13, 13, []string{"config", "changed", advice}, nil},
	}
}

// packOfLost returns the pack that holds the file lost: the largest.
func (h *host) packOfLost() string {
	h.t.Helper()
	return largest(h.t, h.objects("packs"))
}

func (h *host) lastEntry() string {
	h.t.Helper()
	all := h.objects("log")
	return all[len(all)-1].path
}

// What is damaged is named, with what suffers and what to do; the exit code is
// 13; all the rest stays readable, in the mount too; and the advice works.
func TestDamage(t *testing.T) {
	t.Parallel()
	whole := newHost(t)
	whole.write("src/kept", noise(1, 1<<20))
	whole.write("src/small/kept", []byte("small\n"))
	whole.ok("backup", "src")
	whole.write("src/lost", noise(2, 2<<20))
	whole.ok("backup", "src")
	for _, w := range wounds() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			h := bareHost(t)
			tool(t, "cp", "-a", whole.repo, h.repo)
			w.inflict(t, h)

			h.want(w.check, "check")
			h.want(w.data, "check", "--read-data").says(t, w.says...)
			h.want(w.data, "check", "--read-data", "--json")
			r := h.want(w.opens, "snapshots")
			if strings.Contains(r.err, "wrong password") && !strings.HasPrefix(w.name, "a flipped key") {
				t.Errorf("the password is blamed: %s", r)
			}
			if w.opens != 0 {
				h.want(w.opens, "restore", "latest", "--target", "back")
			} else if !strings.Contains(w.name, "index file") { // there the directory itself is among what is lost
				h.readsTheRest(whole, w.loses)
			}
			h.bringBack(whole)
			h.ok("check", "--read-data")
			h.ok("restore", "latest", "--target", "again", "--verify")
			same(t, "after repair", copyOf(t, h.path("again", whole.path("src"))), copyOf(t, whole.path("src")))
		})
	}
}

// readsTheRest judges restore, dump and mount of a repository that has lost
// some files.
func (h *host) readsTheRest(whole *host, lost []string) {
	h.t.Helper()
	t := h.t
	src := whole.path("src")
	h.want(13, "restore", "latest", "--target", "back").says(t, append([]string{"damaged", "check --read-data"}, lost...)...)
	h.ok("restore", "latest~1", "--target", "before")
	h.ok("restore", "latest:"+src+"/small", "--target", "part")
	h.ok("restore", "latest", "--target", "without", "--exclude", "lost")
	m := h.mount()
	for _, name := range []string{"kept", "small/kept"} {
		want, err := os.ReadFile(filepath.Join(src, name))
		check(t, err)
		for _, root := range []string{h.path("back", src), h.path("before", src), h.path("without", src), m.path("snapshots", "latest", src)} {
			if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || sum(got) != sum(want) {
				t.Errorf("%s below %s: %v", name, root, err)
			}
		}
	}
	for _, name := range lost {
		h.want(13, "dump", "latest", filepath.Join(src, name))
		if _, err := os.ReadFile(m.path("snapshots", "latest", src, name)); !errors.Is(err, syscall.EIO) {
			t.Errorf("reading %s in the mount: %v, want EIO", name, err)
		}
		if _, err := os.Stat(m.path("snapshots", "latest", src, name)); err != nil {
			t.Errorf("its attributes are not lost: %v", err)
		}
	}
	r := m.close()
	r.says(t, append([]string{"damaged"}, lost...)...)
}

// bringBack follows the advice: what is missing or wrong comes from a copy of
// the repository.
func (h *host) bringBack(whole *host) {
	h.t.Helper()
	tool(h.t, "rsync", "-a", "--checksum", whole.repo+"/", h.repo+"/")
}

// A snapshot whose object is lost takes none of the others with it: they are
// listed, mounted and restored, backups go on, and forgetting it heals.
func TestLostSnapshotObject(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first := h.writeTree(1)
	want := copyOf(t, h.path("src"))
	h.ok("backup", "src")
	h.writeTree(2)
	h.ok("backup", "src")
	ids := h.snapshots()
	drop(t, filepath.Join(h.repo, "snapshots", ids[1]))
	if err := os.RemoveAll(h.cache); err != nil {
		t.Fatal(err)
	}

	short := ids[1][:8]
	h.want(13, "snapshots").says(t, ids[0][:8], short, "gone", "forget "+short)
	h.restores(ids[0], want)
	h.want(13, "restore", "latest", "--target", "x").says(t, short, "by their ids")
	h.want(13, "restore", short, "--target", "x").says(t, short)
	m := h.mount()
	holds(t, m.path("ids", m.idOf(ids[0]), h.path("src")), first)
	m.close().says(t, short)
	h.ok("backup", "src").says(t, short, "saved")
	h.want(13, "forget", "--keep-last", "1").says(t, short)
	h.want(13, "prune").says(t, "nothing was removed", short)
	h.ok("forget", short).says(t, "forgot 1 snapshot")
	h.ok("prune", "--grace", "0")
	h.ok("check", "--read-data")
	h.restores(ids[0], want)
	h.restores("latest", copyOf(t, h.path("src")))
}

// Without a copy of the repository the other half of the advice heals: forget
// what suffers, prune, and back up again.
func TestDamageWithoutACopy(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("src/kept", noise(1, 1<<20))
	h.ok("backup", "src", "--host", "other")
	whole := copyOf(t, h.path("src"))
	h.write("src/lost", noise(2, 2<<20))
	h.ok("backup", "src")
	drop(t, largest(t, h.objects("packs")))
	h.want(13, "check").says(t, "/lost", "forget all snapshots that suffer, prune")
	h.want(13, "restore", "latest", "--target", "x")
	h.ok("forget", "latest")
	h.ok("prune", "--grace", "0")
	h.ok("backup", "src")
	h.ok("check", "--read-data")
	h.restores("latest", copyOf(t, h.path("src")))
	h.restores("latest~1", whole)
}
