package stories

import (
	"fmt"
	"testing"
)

// A prune that was killed at any moment has lost nothing, and the next one
// cleans what it left.
func TestKilledPrune(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	var middle map[string]string
	for day := range 3 {
		h.writeTree(day)
		if day == 0 {
			h.write("src/of the first day", noise(99, 40<<20)) // ten packs that go
		}
		if day == 1 {
			middle = copyOf(t, h.path("src"))
		}
		h.ok("backup", "src")
	}
	last := copyOf(t, h.path("src"))
	h.ok("forget", h.snapshots()[0])
	forgotten := h.path("forgotten")
	tool(t, "cp", "-a", h.repo, forgotten)

	prune := []string{"prune", "--grace", "0", "--max-unused", "0"}
	clean := h.at(h.path("clean"))
	tool(t, "cp", "-a", h.repo, clean.repo)
	clean.ok(prune...)
	least := bytesOf(clean.objects("packs"))
	if before := bytesOf(h.objects("packs")); least >= before {
		t.Fatalf("there is nothing to prune: %d bytes before, %d after", before, least)
	}

	hits := 0
	for _, m := range momentsOfPrune() {
		tool(t, "rm", "-rf", h.repo, h.cache)
		tool(t, "cp", "-a", forgotten, h.repo)
		before := h.count()
		p := h.start(prune...)
		for !p.ended() && !m.come(before, h.count()) {
		}
		r := p.kill()
		if r.code != -1 {
			if r.code != 0 {
				t.Errorf("%s: exit code %d: %s", m.name, r.code, r)
			}
			t.Logf("%s: it was done before the kill", m.name)
		} else {
			hits++
		}
		h.ok("check", "--read-data")
		h.restores("latest", last)
		h.restores("latest~1", middle)
		h.ok(prune...)
		h.ok("check", "--read-data") // every snapshot can still be read
		if left := bytesOf(h.objects("packs")); left > least+least/10 {
			t.Errorf("%s: %d bytes are left after the next prune, %d after one that was not killed", m.name, left, least)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d kills came in time", hits, len(momentsOfPrune()))
	if hits == 0 {
		t.Error("no kill came while prune ran: the test says nothing")
	}
}

// counts tells how many objects there are.
type counts struct{ packs, log, index, snapshots, tmp int }

func (h *host) count() counts {
	return counts{len(h.objects("packs")), len(h.objects("log")), len(h.objects("index")), len(h.objects("snapshots")), len(h.objects("tmp"))}
}

// moment is a state of the repository at which prune is killed.
type moment struct {
	name string
	come func(before, now counts) bool
}

func momentsOfPrune() []moment {
	list := []moment{
		{"at once", func(counts, counts) bool { return true }},
		{"while something is written", func(b, n counts) bool { return n.tmp > b.tmp }},
		{"after the first copied pack", func(b, n counts) bool { return n.packs > b.packs }},
		{"after the new index file", func(b, n counts) bool { return n.index > b.index }},
		{"after the first old index file went", func(b, n counts) bool { return n.index < b.index }},
		{"after the snapshot went", func(b, n counts) bool { return n.snapshots < b.snapshots }},
	}
	for entries := range 2 {
		list = append(list, moment{fmt.Sprintf("after entry %d", entries+1), func(b, n counts) bool { return n.log > b.log+entries }})
	}
	for _, gone := range []int{1, 8} {
		list = append(list, moment{fmt.Sprintf("after %d packs went", gone), func(b, n counts) bool { return n.packs <= b.packs-gone }})
	}
	return list
}
