package prooftest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/forget"
	"ivyvault/repo/prune"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/record"
)

// TestOrderOfWrites holds what a small backup, a forget and a prune write, and
// in which order, to a file that people can read. IVYVAULT_UPDATE=1 writes it.
func TestOrderOfWrites(t *testing.T) {
	var got []byte
	for range 20 {
		var quick bool
		if got, quick = recorded(t); quick {
			break // a run that takes longer may write its index file in parts
		}
	}
	path := filepath.Join("testdata", "writes.golden")
	if os.Getenv("IVYVAULT_UPDATE") != "" {
		must(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("written:\n%s\nwant:\n%s", got, want)
	}
}

func recorded(t *testing.T) (log []byte, quick bool) {
	ctx := context.Background()
	st := mem.New()
	_, err := initRepo(ctx, st)
	must(t, err)
	var out bytes.Buffer
	rec := record.New(st, &out, record.Options{Alias: true, Writes: true})
	r, err := openRepo(ctx, rec)
	must(t, err)
	quick = true
	var last repo.Name
	for _, numbers := range [][]int{{1, 2, 3}, {3, 4}} {
		began := time.Now()
		out.WriteString("# backup\n")
		id, err := write(ctx, r, numbers)
		must(t, err)
		quick = quick && time.Since(began) < 200*time.Millisecond
		if last != (repo.Name{}) {
			out.WriteString("# forget the first\n")
			_, err := forget.Run(ctx, r, forget.Options{IDs: []repo.Name{last}}, nil)
			must(t, err)
		}
		last = id
	}
	out.WriteString("# prune\n")
	_, err = prune.Run(ctx, r, prune.Options{}, nil)
	must(t, err)
	must(t, rec.Err())
	return sortRemoves(out.Bytes()), quick
}

// sortRemoves brings the lines of removals, whose order is of no matter, into
// one order.
func sortRemoves(p []byte) []byte {
	var keep, removed [][]byte
	for line := range bytes.Lines(p) {
		if bytes.HasPrefix(line, []byte("remove ")) {
			removed = append(removed, line)
		} else {
			keep = append(keep, line)
		}
	}
	for i := range removed {
		for j := range i {
			if bytes.Compare(removed[i], removed[j]) < 0 {
				removed[i], removed[j] = removed[j], removed[i]
			}
		}
	}
	return bytes.Join(append(keep, removed...), nil)
}
