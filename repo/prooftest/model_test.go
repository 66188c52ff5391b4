package prooftest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/forget"
	"ivyvault/repo/prune"
	"ivyvault/repo/store"
	"ivyvault/repo/store/local"
	"ivyvault/repo/store/mem"
)

// seeds are those that once failed, then a new one; IVYVAULT_SEED replaces them.
func seeds(t *testing.T) []uint64 {
	if s := os.Getenv("IVYVAULT_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		must(t, err)
		return []uint64{n}
	}
	return []uint64{1, 2, uint64(time.Now().UnixNano())}
}

// holding is what the model says that a snapshot of the numbers holds.
func holding(numbers []int) map[string][]byte {
	out := map[string][]byte{}
	for _, n := range numbers {
		out[fmt.Sprintf("f%06d", n)] = block(n)
	}
	return out
}

// some are a few numbers, sorted; runs of them come again and again.
func some(rng *rand.Rand) []int {
	set := map[int]bool{}
	for range 1 + rng.IntN(4) {
		from := rng.IntN(200)
		for i := range rng.IntN(30) {
			set[from+i] = true
		}
	}
	return sortedKeys(set)
}

// TestModel holds random writes, forgets, prunes and reopenings to a map.
func TestModel(t *testing.T) {
	for _, seed := range seeds(t) {
		t.Logf("seed %d", seed)
		model(t, mem.New(), seed, 40)
	}
}

// TestModelLocal is the same over files.
func TestModelLocal(t *testing.T) {
	seed := seeds(t)[0]
	st, err := local.Create(context.Background(), t.TempDir())
	must(t, err)
	model(t, st, seed, 15)
}

func model(t *testing.T, st store.Store, seed uint64, steps int) {
	t.Helper()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(seed, 1))
	handles := make([]*repo.Repo, 2)
	r, err := initRepo(ctx, st)
	must(t, err)
	handles[0] = r
	if handles[1], err = openRepo(ctx, st); err != nil {
		t.Fatal(err)
	}
	want := expected{}
	for i := range steps {
		h := rng.IntN(len(handles))
		r := handles[h]
		switch k := rng.IntN(10); {
		case k < 4:
			numbers := some(rng)
			id, err := write(ctx, r, numbers)
			must(t, err)
			want[id] = holding(numbers)
		case k < 6 && len(want) > 0:
			for id := range want {
				_, err := forget.Run(ctx, r, forget.Options{IDs: []repo.Name{id}}, nil)
				must(t, err)
				delete(want, id)
				break
			}
		case k < 8:
			unused, err := prune.ParseUnused([]string{"0", "5%", "50%", "unlimited"}[rng.IntN(4)])
			must(t, err)
			opt := prune.Options{MaxUnused: unused}
			if rng.IntN(2) == 0 {
				opt.Grace = prune.NoGrace
			}
			_, err = prune.Run(ctx, r, opt, nil)
			must(t, err)
		case k == 8:
			if handles[h], err = openRepo(ctx, st); err != nil {
				t.Fatal(err)
			}
		default:
			if _, err := r.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			list, err := r.Snapshots(ctx)
			must(t, err)
			if len(list) != len(want) {
				t.Fatalf("step %d: %d snapshots, want %d", i, len(list), len(want))
			}
			for _, s := range list {
				got, err := contents(ctx, r, s)
				if err != nil || len(got) != len(want[s.ID]) {
					t.Fatalf("step %d: snapshot %s: %d files, want %d: %v", i, s.ID.Short(), len(got), len(want[s.ID]), err)
				}
			}
		}
	}
	prove(t, st, want, nil, fmt.Sprintf("seed %d", seed))
}

// TestAllAtOnce runs writers, a forgetter and pruners without any grace beside
// each other. What was reported is there at the end.
func TestAllAtOnce(t *testing.T) {
	ctx := context.Background()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	st := mem.New()
	_, err := initRepo(ctx, st)
	must(t, err)
	var mu sync.Mutex
	want := expected{}
	var writers, others sync.WaitGroup
	done := make(chan struct{})
	for i := range 2 {
		writers.Go(func() {
			r, err := openRepo(ctx, st)
			if err != nil {
				t.Error(err)
				return
			}
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			for range 12 {
				numbers := some(rng)
				id, err := write(ctx, r, numbers)
				if err != nil {
					t.Logf("a write gave up: %v", err) // it said so: nothing was promised
					continue
				}
				mu.Lock()
				want[id] = holding(numbers)
				mu.Unlock()
			}
		})
	}
	for i := range 2 {
		others.Go(func() {
			r, err := openRepo(ctx, st)
			if err != nil {
				t.Error(err)
				return
			}
			unused, _ := prune.ParseUnused("0")
			for {
				select {
				case <-done:
					return
				default:
				}
				if i == 0 {
					mu.Lock()
					var id repo.Name
					for id = range want {
						delete(want, id)
						break
					}
					mu.Unlock()
					if id != (repo.Name{}) {
						if _, err := forget.Run(ctx, r, forget.Options{IDs: []repo.Name{id}}, nil); err != nil {
							t.Error(err)
						}
					}
				}
				if _, err := prune.Run(ctx, r, prune.Options{Grace: prune.NoGrace, MaxUnused: unused}, nil); err != nil {
					t.Logf("a prune gave up: %v", err)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	writers.Wait()
	close(done)
	others.Wait()
	prove(t, st, want, nil, fmt.Sprintf("seed %d", seed))
}
