package fusefs

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/repo/tree"
)

// sample is a tree with a bit of everything that the usual programs copy.
func sample(k *kit) *vaultMem {
	sparse := meta("sparse", tree.File, 0o644)
	sparse.Content, sparse.Size = k.long(nil, chunkOf('s'), nil)
	link := meta("link", tree.Symlink, 0o777)
	link.Target = "text"
	hard := k.file("hard1", []byte("the needle is linked"))
	hard.Links, hard.Device, hard.Inode = 2, 1, 9
	hard2 := hard
	hard2.Name = "hard2"
	var many []tree.Node
	for i := range 500 {
		many = append(many, k.file(fmt.Sprintf("file %03d", i), text(i*13)))
	}
	return one(k, k.top(k.dir("many", many...), k.dir("empty"), sparse, link, hard, hard2,
		k.file("text", text(200000)), k.file("long", bytes.Repeat(text(1000), 3000)), k.file("nothing", nil)))
}

// same compares two trees byte by byte, with what a copy keeps.
func same(t *testing.T, a, b string) {
	t.Helper()
	count := 0
	err := filepath.WalkDir(a, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		count++
		rel := path[len(a):]
		x, y := stat(t, path), stat(t, b+rel)
		if x.Mode != y.Mode || x.Uid != y.Uid || x.Gid != y.Gid || x.Mtim != y.Mtim && !d.IsDir() {
			t.Errorf("%s: %+v, copied %+v", rel, x, y)
		}
		if d.Type().IsRegular() {
			want, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if got, err := os.ReadFile(b + rel); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: the copy differs (%v)", rel, err)
			}
			if x.Nlink != y.Nlink {
				t.Errorf("%s: %d links, copied %d", rel, x.Nlink, y.Nlink)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 500 {
		t.Errorf("only %d entries", count)
	}
}

func TestUsualPrograms(t *testing.T) {
	k := newKit(t)
	_, dir := up(t, sample(k), k.options(nil))
	src := in(dir)

	t.Run("cp", func(t *testing.T) {
		to := t.TempDir()
		run(t, "cp", "-a", src, to+"/x")
		same(t, src, to+"/x")
		if st := stat(t, to+"/x/sparse"); st.Blocks > 2<<20/512 {
			t.Errorf("the copy of a sparse file has %d blocks", st.Blocks)
		}
	})
	t.Run("rsync", func(t *testing.T) {
		to := t.TempDir()
		run(t, "rsync", "-aH", "--checksum", src+"/", to+"/x/")
		same(t, src, to+"/x")
		if out := run(t, "rsync", "-aH", "--checksum", "--itemize-changes", src+"/", to+"/x/"); strings.Contains(out, ">f") {
			t.Errorf("the second run found differences:\n%s", out)
		}
	})
	t.Run("tar", func(t *testing.T) {
		to := t.TempDir()
		run(t, "tar", "-C", src, "-S", "-cf", to+"/x.tar", ".")
		if err := os.Mkdir(to+"/x", 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, "tar", "-C", to+"/x", "-xpf", to+"/x.tar")
		// tar's default format keeps whole seconds, which the sample has not.
		run(t, "diff", "-r", "--no-dereference", src, to+"/x")
	})
	t.Run("grep", func(t *testing.T) {
		if out := run(t, "grep", "-rlF", "needle", src); strings.Count(out, "\n") != 2 {
			t.Errorf("found in:\n%s", out)
		}
	})
	t.Run("find", func(t *testing.T) {
		if out := run(t, "find", src, "-type", "f", "-size", "-2"); strings.Count(out, "\n") != 43 {
			t.Errorf("%d small files:\n%s", strings.Count(out, "\n"), out)
		}
	})
	t.Run("du", func(t *testing.T) {
		var size, apparent int64
		if _, err := fmt.Sscan(run(t, "du", "-s", "--block-size=1", src), &size); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(run(t, "du", "-s", "--block-size=1", "--apparent-size", src), &apparent); err != nil {
			t.Fatal(err)
		}
		if size < 5<<20 || apparent-size < 1<<20 {
			t.Errorf("%d bytes, apparent %d: the holes of two mebibytes are missing", size, apparent)
		}
	})
}

// TestProgramsRunFromTheMount starts a program straight out of a snapshot: its
// pages are mapped, not read. The shell starts it: a process that serves a
// mount can't start a program from there itself, since nothing would answer.
func TestProgramsRunFromTheMount(t *testing.T) {
	path, err := exec.LookPath("grep")
	if err != nil {
		t.Skip("grep is not installed")
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	k := newKit(t)
	n := k.file("program", program)
	n.Mode = 0o755
	script := k.file("script", []byte("#!/bin/sh\necho from a script\n"))
	script.Mode = 0o755
	_, dir := up(t, one(k, k.top(n, script)), k.options(nil))
	if out := run(t, "sh", "-c", in(dir, "program")+" --version"); !strings.Contains(out, "grep") {
		t.Errorf("it said %q", out)
	}
	if out := run(t, "sh", "-c", in(dir, "script")); out != "from a script\n" {
		t.Errorf("the script said %q", out)
	}
}
