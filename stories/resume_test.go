package stories

import (
	"fmt"
	"os"
	"testing"
)

// A run that is killed when 60 % of its packs are up is resumed by running it
// again: the second run puts at most 45 % of what a whole run puts.
func TestKilledBackupIsResumed(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	const files, size = 16, 16 << 20
	for i := range files {
		h.write(fmt.Sprintf("src/%02d", i), noise(uint64(i), size))
	}
	h.ok("backup", "src")
	packs := h.objects("packs")
	whole, count := bytesOf(packs), len(packs)
	t.Logf("a whole run: %d packs, %d bytes", count, whole)
	h.ok("check")
	if err := os.RemoveAll(h.repo); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"full", "backup"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			h := *h
			h.t, h.repo, h.cache = t, h.path("repo-"+role), h.path("cache-"+role)
			h.init()
			who := &h
			if role == "backup" {
				h.write("engine", []byte("engine\n"))
				h.ok(append([]string{"key", "add", "--role", "backup", "--new-password-file", "engine"}, cheap()...)...)
				who = h.with("IVYVAULT_PASSWORD=engine")
			}
			// The limit only keeps a fast machine from being done too soon.
			p := who.start("backup", "src", "--limit-upload", "25000")
			until(t, "60 % of the packs are up", func() bool { return p.ended() || len(h.objects("packs"))*10 >= count*6 })
			if r := p.kill(); r.code != -1 {
				t.Fatalf("it ended before it was killed: %s", r)
			}
			up := h.objects("packs")
			if len(up) > count*8/10 {
				t.Fatalf("%d of %d packs are up: the kill came too late to say anything", len(up), count)
			}
			if n := len(h.snapshots()); n != 0 {
				t.Errorf("the killed run left %d snapshots", n)
			}
			who.ok("backup", "src")
			second := bytesOf(newSince(h.objects("packs"), up))
			t.Logf("killed after %d packs; the second run put %.1f %% of a whole run", len(up), 100*float64(second)/float64(whole))
			if second*100 > whole*45 {
				t.Errorf("the second run put %d of %d bytes, more than 45 %%", second, whole)
			}
			h.ok("check", "--read-data")
			if out := h.ok("dump", "latest", h.path("src/07")).out; sum([]byte(out)) != sum(noise(7, size)) {
				t.Error("a file that comes back differs")
			}
		})
	}
}
