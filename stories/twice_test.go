package stories

import (
	"fmt"
	"syscall"
	"testing"
)

// Of two backups of the same set one goes on and one says that it is held. A
// backup that is interrupted ends with 130, and the next goes on from there.
func TestTwiceAtOnceAndInterrupted(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for i := range 4 {
		h.write(fmt.Sprintf("src/%d", i), noise(uint64(i), 8<<20))
	}
	h.write("other/file", []byte("another set\n"))
	first := h.start("backup", "src", "--limit-upload", "8000")
	until(t, "some packs are up", func() bool { return first.ended() || len(h.objects("packs")) >= 3 })
	h.want(11, "backup", "src").says(t, "running", "wait")
	h.want(11, "backup", "src", "--json").says(t, `"code":11`)
	h.ok("backup", "other") // another set does not wait
	h.ok("backup", "src", "--host", "another")
	h.ok("check")
	if first.ended() {
		t.Fatalf("the first backup ended too soon to say anything: %s", first.wait())
	}
	first.signal(syscall.SIGINT)
	r := first.wait()
	if r.code != 130 {
		t.Errorf("exit code %d after Ctrl-C: %s", r.code, r)
	}
	r.says(t, "interrupted", "goes on")
	noCrash(t, r)
	if n := len(h.snapshots()); n != 2 {
		t.Errorf("%d snapshots: an interrupted backup must leave none", n)
	}

	second := h.start("backup", "src", "--limit-upload", "8000")
	second.signal(syscall.SIGTERM) // at the very beginning
	if r := second.wait(); r.code != 130 && r.code != -1 {
		t.Errorf("exit code %d after SIGTERM: %s", r.code, r)
	}
	h.ok("backup", "src")
	h.ok("check", "--read-data")
	h.restores("latest", copyOf(t, h.path("src")))
}
