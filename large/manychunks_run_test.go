package large

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"ivyvault/bench/data"
)

// manyChunks is how many chunks the repository has. With
// IVYVAULT_LARGE_CHUNKS=10000000 each step takes a minute or two.
const manyChunks = 1_500_000

// manyBound is what a verb may take with n chunks in the repository, in MiB: 250
// MB with ten million. Of that 120 MB are what verbs take however small it is,
// for key derivation, images of packs and pages. 13 bytes a chunk are the rest: a
// bit in each set of chunks, and the index files, which list a part of a run
// each and so grow with it. A set of chunks by their ids would take three times
// as much alone.
func manyBound(n int) int { return (120_000_000 + n*13) >> 20 }

// TestManyChunks has each verb deal with all chunks of a large repository: the
// index must be made anew, look-ups go to the disk, prune finds hardly a pack
// that is needed whole. The folder must not lie in memory, else what the program
// has mapped of its cache counts as its own.
func TestManyChunks(t *testing.T) {
	v := newVault(t, 0)
	m := &many{chunks: manyChunks, dir: filepath.Join(v.dir, "many"), host: "many"}
	if s := os.Getenv("IVYVAULT_LARGE_CHUNKS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 100_000 {
			t.Fatalf("IVYVAULT_LARGE_CHUNKS=%s: give a number of 100000 or more", s)
		}
		m.chunks = n
	}
	m.make(t, v.repo)
	t.Logf("%d bytes for %d chunks; the bound is %d MiB", v.repoSize(), m.chunks, manyBound(m.chunks))
	bounded := func(what string, args ...string) []byte {
		t.Helper()
		out, peak := v.run(args...)
		below(t, what, peak, manyBound(m.chunks))
		return out
	}
	cold := func() { os.RemoveAll(filepath.Join(v.dir, "cache")) }

	for _, what := range []string{"the unchanged backup that makes the index", "the unchanged backup"} {
		out := bounded(what, "backup", "--json", "-q", "--host", m.host, m.dir)
		if s := m.stats(t, out); s.Unchanged != manyInEach || s.Read != 0 {
			t.Errorf("%s: %s", what, out)
		}
	}
	other := filepath.Join(v.dir, "other")
	if err := data.Tiny(other, 1, 20000); err != nil {
		t.Fatal(err)
	}
	bounded("the first backup of other data", "backup", "--json", "-q", other)
	cold()
	v.whole(bounded("check with an empty cache", "check", "--json"), m.chunks)
	bounded("stats", "stats", "--json")
	m.mount(v)

	var snaps []struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(bounded("snapshots", "snapshots", "--json"), &snaps); err != nil || len(snaps) != manyVersions+3 {
		t.Fatalf("%d snapshots: %v", len(snaps), err)
	}
	bounded("forget", "forget", "--json", snaps[0].ID, snaps[1].ID)
	bounded("prune --dry-run", "prune", "--dry-run", "--json")
	var pruned struct {
		Repacked int64 `json:"bytes_repacked"`
		Freed    int64 `json:"bytes_freed"`
	}
	out := bounded("prune", "prune", "--json")
	if err := json.Unmarshal(out, &pruned); err != nil || pruned.Repacked == 0 || pruned.Freed <= 0 {
		t.Errorf("prune: %v %s", err, out)
	}
	// What the two that went alone had were two fifths of the first, half of it
	// later replaced again, and half of the second.
	v.whole(bounded("check --read-data after prune", "check", "--read-data", "--json"), m.chunks/2)
	m.mount(v)
}

// whole asserts that a check found no damage among at least chunks chunks.
func (v *vault) whole(report []byte, chunks int) {
	v.t.Helper()
	var rep struct {
		Damaged bool  `json:"damaged"`
		Chunks  int64 `json:"chunks"`
	}
	if err := json.Unmarshal(report, &rep); err != nil || rep.Damaged || rep.Chunks < int64(chunks) {
		v.t.Errorf("check: %v %.2000s", err, report)
	}
}

type manyStats struct {
	Unchanged int   `json:"files_unchanged"`
	Read      int64 `json:"bytes_read"`
}

func (m *many) stats(t *testing.T, out []byte) manyStats {
	t.Helper()
	var rep struct {
		Stats manyStats `json:"stats"`
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &rep); err != nil {
		t.Fatalf("backup printed %q: %v", out, err)
	}
	return rep.Stats
}

// mount lists the files in every snapshot and compares the beginnings of some in
// the newest with those on the disk.
func (m *many) mount(v *vault) {
	v.t.Helper()
	at := v.mount()
	dirs, err := filepath.Glob(filepath.Join(at.dir, "snapshots", "*", m.dir))
	if err != nil || len(dirs) == 0 {
		v.t.Fatalf("%d snapshots in the mount: %v", len(dirs), err)
	}
	for _, dir := range dirs {
		if files, err := os.ReadDir(dir); err != nil || len(files) != manyInEach {
			v.t.Errorf("%s: %d files, %v", dir, len(files), err)
		}
	}
	for f := 0; f < manyInEach; f += manyInEach / 4 {
		want := firstBytes(v.t, filepath.Join(m.dir, m.name(f)))
		if got := firstBytes(v.t, filepath.Join(dirs[len(dirs)-1], m.name(f))); !bytes.Equal(want, got) {
			v.t.Errorf("file %d is another one in the mount", f)
		}
	}
	peak := at.end()
	v.t.Logf("the mount's peak is %d MiB", peak)
	below(v.t, "the mount", peak, manyBound(m.chunks))
}

// firstBytes reads the first 4 KiB of a file.
func firstBytes(t *testing.T, path string) []byte {
	t.Helper()
	p := make([]byte, 4<<10)
	f, err := os.Open(path)
	if err == nil {
		_, err = io.ReadFull(f, p)
		f.Close()
	}
	if err != nil {
		t.Error(err)
	}
	return p
}
