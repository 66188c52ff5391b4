package large

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"ivyvault/bench/data"
)

func TestTwoHundredThousandFiles(t *testing.T) {
	v := newVault(t, manyFiles)
	dir := filepath.Join(v.dir, "tiny")
	if err := data.Tiny(dir, 1, 200000); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	_, peak := v.backup(dir)
	below(t, "the first backup", peak, 400)
	_, peak = v.backup(dir)
	below(t, "the unchanged backup", peak, 400)
	v.everywhere(dir)
}

func TestDirectoryOfAMillion(t *testing.T) {
	v := newVault(t, manyFiles)
	dir := filepath.Join(v.dir, "flat")
	if err := data.Flat(dir, 1, 1000000); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	_, peak := v.backup(dir)
	below(t, "the first backup", peak, 400)
	_, peak = v.backup(dir)
	below(t, "the unchanged backup", peak, 400)

	rng := rand.New(rand.NewPCG(1, 2))
	worst := int64(0)
	for range 20 {
		name := filepath.Join(dir, fmt.Sprintf("%07d.json", rng.IntN(1000000)))
		if err := os.WriteFile(name, []byte(fmt.Sprint("changed ", rng.Uint64())), 0o644); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Millisecond)
		before := v.repoSize()
		_, peak = v.backup(dir)
		below(t, "the backup with one change", peak, 400)
		worst = max(worst, v.repoSize()-before)
	}
	t.Logf("one changed file adds %d bytes at most, over 20 places", worst)
	if worst >= 1<<20 {
		t.Errorf("one changed file adds %d bytes, the bound is 1 MiB", worst)
	}

	m := v.mount()
	began := time.Now()
	out, err := exec.Command("sh", "-c", `ls -f "$0" | head -3`, filepath.Join(m.dir, "snapshots", "latest", dir)).CombinedOutput()
	if err != nil || len(out) == 0 {
		t.Errorf("the first names: %v %s", err, out)
	}
	t.Logf("the first names of the directory came after %.3f s", time.Since(began).Seconds())
	began = time.Now()
	out, err = exec.Command("sh", "-c", `find "$0" -type f -size +0 | wc -l`, filepath.Join(m.dir, "snapshots", "latest", dir)).CombinedOutput()
	if err != nil || string(out) != "1000000\n" {
		t.Errorf("find: %v %s", err, out)
	}
	t.Logf("find with a stat of each took %.1f s", time.Since(began).Seconds())
	below(t, "the mount, listing", m.end(), 200)
	v.everywhere(dir)
}

func TestFileOfEightGiB(t *testing.T) {
	v := newVault(t, 0)
	dir := filepath.Join(v.dir, "big")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "dump"))
	if err != nil {
		t.Fatal(err)
	}
	// Half of it does not compress, a quarter is text of few words, the rest a hole.
	noise := rand.NewChaCha8([32]byte{8})
	words := make([]byte, 1<<20)
	for i := range 6 << 10 {
		if i%3 == 2 {
			for j := range words {
				words[j] = "event case task order "[(j*(i+7)>>3)%22]
			}
			_, err = f.Write(words)
		} else {
			_, err = io.CopyN(f, noise, 1<<20)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(8 << 30); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	_, peak := v.backup(dir)
	below(t, "the backup", peak, 400)
	v.everywhere(dir)
}
