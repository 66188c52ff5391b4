package secondreader_test

import (
	"context"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources"
)

// The golden repository and its manifests, one for each snapshot, are made by
//
//	go test ./internal/secondreader -run TestGolden -update
//
// as root, so that a device node is among the entries. Before the freeze of the
// format that is done whenever the format changes; after it, never again: then
// this repository must stay readable for ever.
var update = flag.Bool("update", false, "make the golden repository anew")

const (
	golden         = "../../testdata/golden"
	fullPassword   = "a golden repository"
	backupPassword = "may only write"
)

func repository() string { return filepath.Join(golden, "repository") }

func manifest(host string) string { return filepath.Join(golden, host+".txt") }

// below is a source whose paths begin at root: what lies above it on the
// machine that makes the golden repository isn't captured.
type below struct {
	sources.Source
	root string
}

type belowCapture struct {
	sources.Capture
	root string
}

func (b below) Capture(ctx context.Context) (sources.Capture, error) {
	c, err := b.Source.Capture(ctx)
	return belowCapture{c, strings.TrimPrefix(b.root, "/") + "/"}, err
}

func (c belowCapture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		for e, err := range c.Capture.Entries(ctx) {
			path, ok := strings.CutPrefix(e.Path, c.root)
			if err == nil && !ok {
				continue
			}
			e.Path = path
			if path == "srv/ivy/frames.log" {
				e.Stamp = []byte("version 1 of frames.log")
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// TestGolden makes the golden repository where -update asks for it.
func TestGolden(t *testing.T) {
	if !*update {
		t.Skip("-update makes the golden repository anew")
	}
	if err := os.RemoveAll(golden); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(golden, 0o755); err != nil {
		t.Fatal(err)
	}
	m := newMaker(t)
	g := grower{t, t.TempDir()}

	g.dir("srv/ivy")
	g.file("srv/ivy/gone.log", lines("a snapshot that is forgotten", 20_000))
	before := m.state().Index()
	gone := m.backup(m.full(), g.root, "gone")
	index := newNames(before, m.state().Index())
	g.must(os.RemoveAll(g.path("srv")))

	g.first()
	m.backup(m.full(), g.root, "first")
	m.describe(g.root, "first")
	g.second()
	m.backup(m.open(backupPassword), g.root, "second")
	m.describe(g.root, "second")
	m.backup(m.full(), g.root, "third") // the same tree; what a backup key wrote is stored again

	m.tag("first", "golden")
	m.runs()
	m.prune(gone, index)
	m.whole()
	for _, path := range []string{"tmp", "probe"} {
		g.must(os.RemoveAll(filepath.Join(repository(), path)))
	}
	g.must(filepath.WalkDir(repository(), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = os.Chmod(path, 0o644)
		}
		return err
	}))
}
