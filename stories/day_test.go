package stories

import (
	"os"
	"strings"
	"testing"
)

// A day's use, from the first backup to what goes wrong at night.
func TestADayOfUse(t *testing.T) {
	t.Parallel()
	h := newHost(t)

	// The morning: a backup, a change, another backup.
	morning := h.writeTree(1)
	atMorning := copyOf(t, h.path("src"))
	h.ok("backup", "src", "--tag", "morning").says(t, "new", "snapshot", "saved")
	h.ok("backup", "src").says(t, "0 changed", "0 b read")
	h.writeTree(2)
	atNoon := copyOf(t, h.path("src"))
	h.ok("backup", "src", "--tag", "noon")
	ids := h.snapshots()
	if len(ids) != 3 {
		t.Fatalf("%d snapshots, want 3", len(ids))
	}

	// Somebody misses a document: it is in the mount, and under versions.
	m := h.mount()
	same(t, "the snapshot of noon in the mount", copyOf(t, m.path("snapshots", "latest", h.path("src"))), atNoon)
	holds(t, m.path("ids", m.idOf(ids[0]), h.path("src")), morning)
	tool(t, "cp", "-a", m.path("ids", m.idOf(ids[0]), h.path("src/day-1")), h.path("day-1 is back"))
	if got, err := os.ReadFile(h.path("day-1 is back")); err != nil || string(got) != string(morning["day-1"]) {
		t.Errorf("the copied document differs (%v)", err)
	}
	if v := m.list("versions", h.path("src/documents/of the day")); len(v) != 2 {
		t.Errorf("a document with two contents has the versions %v", v)
	}
	if v := m.list("tags"); strings.Join(v, " ") != "morning noon" {
		t.Errorf("the tags in the mount are %v", v)
	}
	h.writeTree(3)
	h.ok("backup", "src", "--tag", "evening")
	until(t, "the evening's snapshot shows itself", func() bool { return len(m.list("ids")) == 4 })
	m.close()

	// The whole comes back, into a new place and over what was changed.
	h.restores(ids[0], atMorning)
	h.restores("latest~1", atNoon)
	h.ok("restore", ids[0]+":"+h.path("src"), "--target", h.path("src"), "--delete", "--verify")
	same(t, "restored in place", copyOf(t, h.path("src")), atMorning)

	// Tidying up.
	h.ok("forget", "--keep-last", "1", "--keep-tag", "morning").says(t, "forgot 2 snapshots")
	before := bytesOf(h.objects("packs"))
	h.ok("prune", "--grace", "0", "--max-unused", "0")
	if after := bytesOf(h.objects("packs")); after >= before {
		t.Errorf("%d bytes before prune, %d after", before, after)
	}
	h.ok("check", "--read-data").says(t, "no damage")
	h.restores(ids[0], atMorning)

	// The cache is lost: that costs time, nothing else.
	if err := os.RemoveAll(h.cache); err != nil {
		t.Fatal(err)
	}
	h.ok("backup", "src")
	h.ok("check")
	h.restores(ids[0], atMorning)
	h.ok("snapshots", "--no-cache")

	// Passwords.
	h.with("IVYVAULT_PASSWORD=wrong").want(12, "snapshots").says(t, "wrong password")
	h.write("second", []byte("second\n"))
	h.write("engine", []byte("engine\n"))
	h.ok(append([]string{"key", "add", "--new-password-file", "second", "--label", "deputy"}, cheap()...)...)
	h.ok(append([]string{"key", "add", "--new-password-file", "engine", "--role", "backup"}, cheap()...)...)
	deputy, engine := h.with("IVYVAULT_PASSWORD=second"), h.with("IVYVAULT_PASSWORD=engine")
	deputy.restores(ids[0], atMorning)

	// The engine's own key writes, and reads nothing back.
	engine.ok("backup", "src")
	engine.ok("backup", "src").says(t, "0 changed", "0 b read")
	for _, verb := range [][]string{{"snapshots"}, {"ls", "latest"}, {"restore", "latest", "--target", "x"}, {"mount", h.path("src")}, {"forget", "--keep-last", "1"}, {"prune"}, {"key", "remove", "00000000"}} {
		engine.want(12, verb...).says(t, "role")
	}
	h.restores("latest", copyOf(t, h.path("src")))
	h.ok("check", "--read-data")
}
