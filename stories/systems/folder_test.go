package systems

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A folder on a file system whose server dies while it is read: one
// that shows another folder, by a process that is killed.
func TestFolder(t *testing.T) {
	t.Parallel()
	h := newHost(t, "")
	const files, size = 96, 512 << 10
	check(t, os.Mkdir(h.path("far"), 0o755))
	for n := range files {
		var p []byte
		for k := range size / each {
			p = append(p, content(n*size/each+k)...)
		}
		check(t, os.WriteFile(h.path("far", fmt.Sprintf("%02d.pdf", n)), p, 0o644))
	}
	docs := h.path("docs")
	l := newLoop(t, h.path("far"), docs)
	h.configure("    documents:\n      pdf: {type: dir, path: " + docs + "}\n")
	// middle starts a backup whose repository takes little at a time, and returns
	// it when the first of many packs is up: so most files were not read.
	packs := func() int {
		list, err := filepath.Glob(h.path("repo", "packs", "*", "*"))
		check(t, err)
		more, err := filepath.Glob(h.path("repo", "packs", "*"))
		check(t, err)
		return len(list) + len(more)
	}
	middle := func() *process {
		t.Helper()
		before := packs()
		p := h.start("backup", "--system", "claims", "--limit-upload", "6000")
		until(t, "a pack is up", func() bool {
			select {
			case <-p.gone:
				t.Fatalf("it ended before it was in the middle: %s", p.end)
			default:
			}
			return packs() > before
		})
		return p
	}

	p := middle()
	p.kill()
	h.clean("killed,")
	if n := len(h.snapshots()); n != 0 {
		t.Errorf("the killed run left %d snapshots", n)
	}
	p = middle()
	p.signal(syscall.SIGINT)
	p.want(130).says(t, "interrupted")
	h.clean("interrupted,")

	p = middle()
	l.kill()
	r := p.want(3)
	r.says(t, "documents/pdf", "transport endpoint is not connected", "incomplete", "whole       directories/conf")
	ids := h.snapshots()
	if len(ids) != 1 {
		t.Fatalf("%d snapshots, want the incomplete one: %s", len(ids), r)
	}
	h.holdsConf(ids[0])
	h.clean("the file system's server having died,")

	// It is still dead: the part fails as a whole, in one sentence.
	r = h.want(3, "backup", "--system", "claims")
	r.says(t, "the part documents/pdf could not be captured", docs, "whole       directories/conf")

	l.launch(t)
	h.want(0, "backup", "--system", "claims").says(t, "whole       documents/pdf")
	h.clean("after a good night,")
}
