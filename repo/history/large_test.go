package history_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/history"
	"ivyvault/repo/store/local"
	"ivyvault/repo/tree"
	"ivyvault/repo/versions"
)

// TestLarge measures two vaults: a million paths in 30 snapshots, and twenty
// thousand in a thousand. Each step is a process of its own. The bound on
// memory is the mount's, which is the smallest of those that answer.
func TestLarge(t *testing.T) {
	if step := os.Getenv("HISTORY_LARGE_STEP"); step != "" {
		largeStep(t, step, os.Getenv("HISTORY_LARGE_DIR"))
		return
	}
	if os.Getenv("IVYVAULT_LARGE") == "" {
		t.Skip("set IVYVAULT_LARGE to run it")
	}
	for _, shape := range []string{"1000 1000 30", "100 200 1000"} {
		dir := t.TempDir()
		for _, step := range []string{"make " + shape, "walk", "fold", "fold nothing", "fold one", "table", "table cold"} {
			c := exec.Command(os.Args[0], "-test.run=^TestLarge$", "-test.v")
			c.Env = append(os.Environ(), "HISTORY_LARGE_STEP="+step, "HISTORY_LARGE_DIR="+dir, "GOGC=50")
			out, err := c.CombinedOutput()
			for line := range bytes.Lines(out) {
				if s, ok := bytes.CutPrefix(line, []byte("figure: ")); ok {
					t.Logf("%s", bytes.TrimSpace(s))
				}
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", step, err, out)
			}
		}
	}
}

// rss returns a field of /proc/self/status in MB.
func rss(field string) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	_, rest, _ := bytes.Cut(b, []byte(field+":"))
	n, _ := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	return n >> 10
}

// peak samples RssAnon + RssShmem until stop is called, which returns the peak
// in MB.
func peak() (stop func() int64) {
	var most atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), rss("RssAnon")+rss("RssShmem")))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(done); <-ended; return most.Load() }
}

func largeStep(t *testing.T, step, dir string) {
	store, cache := filepath.Join(dir, "vault"), filepath.Join(dir, "cache")
	if shape, ok := strings.CutPrefix(step, "make "); ok {
		largeMake(t, shape, store, cache)
		return
	}
	st, err := local.Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.Open(t.Context(), st, repo.Options{Password: password, CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.LoadIndex(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop, begin := peak(), time.Now()
	var detail string
	switch step {
	case "walk":
		if err := os.RemoveAll(r.CachePath("versions")); err != nil {
			t.Fatal(err)
		}
		detail = largeAsk(t, r)
	case "fold", "fold nothing":
		rep, err := history.Fold(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		detail = fmt.Sprintf("%+v, %d MB on disk", rep, size(t, r.CachePath("versions"))>>20)
	case "fold one":
		list, err := r.Snapshots(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begin = time.Now()
		all := history.Of(list)
		all[0].ID[0]++ // another snapshot with the oldest tree, as the newest
		all[0].Time = all[len(all)-1].Time.Add(1)
		rd := largeReader(r)
		rep, err := versions.Fold(t.Context(), rd, r.Keys().ContentHash, r.CachePath("versions"), all, nil)
		if err != nil {
			t.Fatal(err)
		}
		detail = fmt.Sprintf("%+v", rep)
	case "table":
		if _, err := history.Fold(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
		begin = time.Now()
		detail = largeAsk(t, r)
	case "table cold":
		detail = largeAsk(t, r)
	}
	took, most := time.Since(begin), stop()
	fmt.Printf("\nfigure: %s: %.3f s, peak RssAnon+RssShmem %d MB, RssFile %d MB: %s\n", step, took.Seconds(), most, rss("RssFile"), detail)
	if most > 140 {
		t.Errorf("%s: %d MB", step, most)
	}
}

func size(t *testing.T, dir string) (n int64) {
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func largeMake(t *testing.T, shape, store, cache string) {
	var f forest
	var nights int
	if _, err := fmt.Sscan(shape, &f.dirs, &f.files, &nights); err != nil {
		t.Fatal(err)
	}
	st, err := local.Create(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	r := initRepo(t, st, cache)
	for i := range nights {
		f.night(t, r, 0, 1+i%9, 10+i%(f.dirs-10))
	}
	fmt.Printf("\nfigure: %d directories of %d files, %d snapshots, made in %.1f s\n", f.dirs, f.files, nights, time.Since(begin).Seconds())
}

// largeAsk asks what people ask, each question for itself.
func largeAsk(t *testing.T, r *repo.Repo) string {
	var figures []string
	ask := func(what string, question func(*versions.Tabled) int) {
		t.Helper()
		begin := time.Now()
		tab, err := history.Open(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tab.Close()
		opened := time.Now()
		n := question(tab)
		now := time.Now()
		figures = append(figures, fmt.Sprintf("%s: %d in %.1f ms (open %.1f)", what, n,
			now.Sub(opened).Seconds()*1000, opened.Sub(begin).Seconds()*1000))
	}
	of := func(path string) func(*versions.Tabled) int {
		return func(tab *versions.Tabled) int {
			v, err := tab.Of(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			return len(v)
		}
	}
	list := func(path string, most int) func(*versions.Tabled) int {
		return func(tab *versions.Tabled) int {
			n := 0
			for _, err := range tab.List(t.Context(), path, "") {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n == most {
					break
				}
			}
			return n
		}
	}
	ask("file that changed", of("folder 000000/document-00000007.json"))
	ask("file in a busy directory", of("folder 000000/document-00000150.json"))
	ask("file that never changed", of("folder 000099/document-00000199.json"))
	ask("names of the root", list("", -1))
	ask("first 10 names", list("folder 000000", 10))
	ask("names of a busy directory", list("folder 000000", -1))
	return strings.Join(figures, "; ")
}

func largeReader(r *repo.Repo) *tree.Reader {
	return tree.NewReader(r, r.Keys().ContentHash, 2<<20)
}
