package secondreader_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// grower makes the trees that the golden repository holds. What it makes is
// the same each time, but for owners, inodes and times of change.
type grower struct {
	t    testing.TB
	root string
}

func (g grower) path(rel string) string { return filepath.Join(g.root, rel) }

func (g grower) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g grower) dir(rel string) { g.must(os.MkdirAll(g.path(rel), 0o755)) }

func (g grower) file(rel string, p []byte) { g.must(os.WriteFile(g.path(rel), p, 0o644)) }

// lines is text of which every 32 KiB differ, and which compresses well.
func lines(name string, size int) []byte {
	var b bytes.Buffer
	for b.Len() < size {
		part := b.Len() >> 15
		fmt.Fprintf(&b, "%s, part %d of a log that says little:\n", name, part)
		for b.Len()>>15 == part {
			b.WriteString("one line is like another.\n")
		}
	}
	return b.Bytes()[:size]
}

// noise does not compress.
func noise(size int) []byte {
	rng := rand.New(rand.NewPCG(11, 2026))
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

// first makes the tree of the first night below root/srv/ivy.
func (g grower) first() {
	g.dir("srv/ivy/data")
	g.dir("srv/ivy/empty")
	g.dir("srv/ivy/many")
	g.file("srv/ivy/empty.txt", nil)
	g.file("srv/ivy/short.txt", []byte("a few bytes\n"))
	g.file("srv/ivy/name-\xff\xfe-not-utf8", []byte("a name in an old encoding\n"))
	for i := range 40 { // bundled
		g.file(fmt.Sprintf("srv/ivy/data/document-%02d.txt", i), lines(fmt.Sprint("document ", i), 2_000+311*i))
	}
	g.file("srv/ivy/frames.log", lines("frames", 400<<10))   // a chunk of several frames
	g.file("srv/ivy/chunks.log", lines("chunks", 6<<20+123)) // a content list
	for i := range 1_250 {                                   // pages of pages
		g.file(fmt.Sprintf("srv/ivy/many/%04d", i), fmt.Appendf(nil, "entry %d\n", i))
	}
	g.sparse("srv/ivy/sparse.db", 1_100)
	// A chunk that doesn't compress, then nothing.
	g.file("srv/ivy/hole-at-end", noise(4096))
	g.must(os.Truncate(g.path("srv/ivy/hole-at-end"), 3<<20))
	g.specials()
	g.settle()
}

// sparse makes a file in which blocks and holes alternate: so many items that
// its content list has a second level.
func (g grower) sparse(rel string, blocks int) {
	f, err := os.Create(g.path(rel))
	g.must(err)
	defer f.Close()
	block := make([]byte, 4096)
	for i := range blocks {
		binary.LittleEndian.PutUint64(block, uint64(i%16+1))
		_, err := f.WriteAt(block, int64(i)*8192)
		g.must(err)
	}
	g.must(f.Truncate(int64(blocks) * 8192))
}

func (g grower) specials() {
	g.dir("srv/ivy/special/closed")
	at := func(name string) string { return g.path("srv/ivy/special/" + name) }
	g.file("srv/ivy/special/linked", []byte("one file under three names\n"))
	g.must(os.Link(at("linked"), at("again")))
	g.must(os.Link(at("linked"), g.path("srv/ivy/zz-linked")))
	g.must(os.Symlink("../short.txt", at("link")))
	g.must(os.Symlink("/no/such/\xfftarget", at("dangling")))
	g.must(unix.Mkfifo(at("fifo"), 0o640))
	g.must(unix.Mknod(at("socket"), unix.S_IFSOCK|0o600, 0))
	g.file("srv/ivy/special/setuid", []byte("#!/bin/sh\n"))
	g.must(unix.Chmod(at("setuid"), 0o4711))
	g.file("srv/ivy/special/attributes", []byte("with attributes\n"))
	g.must(unix.Setxattr(at("attributes"), "user.ivy.kind", []byte("golden\x00value"), 0))
	g.must(unix.Setxattr(at("attributes"), "user.empty", nil, 0))
	g.must(unix.Setxattr(g.path("srv/ivy/special"), "user.of", []byte("a directory"), 0))
	g.must(unix.Chmod(at("closed"), 0o1700))
	// Devices need rights that only some who make a golden repository have.
	if err := unix.Mknod(at("device"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		g.t.Logf("no device node: %v", err)
	}
}

// second turns the tree of the first night into that of the second.
func (g grower) second() {
	g.must(os.RemoveAll(g.path("srv/ivy/many")))
	g.must(os.Remove(g.path("srv/ivy/data/document-07.txt")))
	g.file("srv/ivy/data/document-09.txt", lines("document 9, changed", 5_000))
	g.file("srv/ivy/data/document-99.txt", lines("document 99", 3_000))
	g.settle()
}

// settle gives everything a time of its own, but for short.txt, whose time is
// that of its last change. Some are before 1970, some far ahead.
func (g grower) settle() {
	n := int64(0)
	g.must(filepath.WalkDir(g.root, func(path string, _ os.DirEntry, err error) error {
		n++
		if err != nil || filepath.Base(path) == "short.txt" {
			return err
		}
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix() + n*61
		switch n % 50 {
		case 17:
			at = -at
		case 18:
			at = 1<<33 + n
		}
		times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: at, Nsec: n * 1_000_003 % 1e9}}
		return unix.UtimesNanoAt(unix.AT_FDCWD, path, times, unix.AT_SYMLINK_NOFOLLOW)
	}))
}
