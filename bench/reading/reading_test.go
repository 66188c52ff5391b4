package reading

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func files(t *testing.T, n, size int) (dir string, names []string) {
	dir = t.TempDir()
	for i := range n {
		name := fmt.Sprintf("file-%d", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat(fmt.Sprintf("%08d", i), size/8)), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return dir, names
}

func TestEveryWayReadsWhatIsThere(t *testing.T) {
	dir, names := files(t, 20, 64000)
	for _, p := range []Plan{
		{How: Sequential},
		{How: Small, Readers: 1},
		{How: Small, Readers: 8},
		{How: Random, Count: 100},
	} {
		p.Root, p.Like, p.Files, p.Limit = dir, dir, names, time.Minute
		r, err := Run(p)
		if err != nil || r.Incomplete {
			t.Fatalf("%s: %+v, %v", p.How, r, err)
		}
		if p.How != Random && (r.Files != 20 || r.Bytes != 20*64000) {
			t.Errorf("%s with %d readers: %+v", p.How, p.Readers, r)
		}
		if p.How == Random && (r.P50 <= 0 || r.P99 < r.P50) {
			t.Errorf("%+v", r)
		}
	}
}

func TestOtherBytesAreAnError(t *testing.T) {
	dir, names := files(t, 3, 8000)
	other, _ := files(t, 3, 8000)
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(other, n), make([]byte, 8000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, how := range []string{Small, Random} {
		if _, err := Run(Plan{How: how, Root: dir, Like: other, Files: names, Count: 30, Limit: time.Minute}); err == nil {
			t.Errorf("%s took other bytes for the right ones", how)
		}
	}
}

func TestLimitEndsIt(t *testing.T) {
	dir, names := files(t, 50, 8000)
	r, err := Run(Plan{How: Small, Root: dir, Files: names})
	if err != nil || !r.Incomplete || r.Files != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
}
