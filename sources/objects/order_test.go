package objects

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ivyvault/sources"
)

func collectAll(t *testing.T, f *fake, prefix string, most int) (paths []string, keys map[string]string) {
	t.Helper()
	keys = map[string]string{}
	err := all(t.Context(), f, prefix, most, func(p string, o Object) error {
		paths = append(paths, p)
		if old, twice := keys[o.Key]; twice {
			t.Errorf("%q comes twice: %q, %q", o.Key, old, p)
		}
		keys[o.Key] = p
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths, keys
}

// expected says where each key stands, straight from the rules.
func expected(keys []string, prefix string) (paths []string) {
	keys = slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !strings.HasPrefix(k, prefix) })
	for _, k := range keys {
		also := slices.ContainsFunc(keys, func(o string) bool { return strings.HasPrefix(o, k+"/") && wild(o, 0) != k+"/" })
		if wild(k, 0) != "" {
			paths = append(paths, hexPath(k))
		} else {
			// A folder of which all is unusual is no folder.
			also = also && slices.ContainsFunc(keys, func(o string) bool {
				return strings.HasPrefix(o, k+"/")
			})
			paths = append(paths, path(k, also))
		}
	}
	slices.SortFunc(paths, sources.Compare)
	return paths
}

// Keys of few and nasty letters, so that all rules meet one another, with so
// little held back that the server is asked all the time.
func TestOrderOfRandomKeys(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	letters := []string{"a", "a", "b", "-", ".", "..", "/", "/", "/", "//", " ", "~", "é", "z", "~object"}
	for round := range 600 {
		seen := map[string]bool{}
		for range 1 + r.IntN(40) {
			var b strings.Builder
			for range 1 + r.IntN(7) {
				b.WriteString(letters[r.IntN(len(letters))])
			}
			seen[b.String()] = true
		}
		var keys []string
		for k := range seen {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		prefix := []string{"", "", "", "a/", "a", "a//", "/"}[r.IntN(7)]
		got, _ := collectAll(t, newFake(keys...), prefix, 1+r.IntN(12))
		// What is a folder only of unusual keys depends on what was listed when;
		// both names lead back to the key, so compare the keys then.
		want := expected(keys, prefix)
		if slices.Equal(got, want) {
			continue
		}
		if !slices.IsSortedFunc(got, sources.Compare) || !slices.Equal(keysOf(t, got), keysOf(t, want)) {
			t.Fatalf("round %d, prefix %q\nkeys %q\ngot  %q\nwant %q", round, prefix, keys, got, want)
		}
	}
}

func keysOf(t *testing.T, paths []string) (keys []string) {
	for _, p := range paths {
		k, ok := keyOf(p)
		if !ok {
			t.Errorf("%q is no path of a key", p)
		}
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// A server that lists in another order loses nothing.
func TestServerWithoutOrder(t *testing.T) {
	var keys []string
	for i := range 300 {
		keys = append(keys, fmt.Sprintf("%d/%d", i%7, i*i), fmt.Sprintf("%d-%d", i%7, i))
	}
	f := newFake(keys...)
	f.less = func(a, b string) int { return cmp.Compare(a[len(a)-1:]+a, b[len(b)-1:]+b) }
	paths, got := collectAll(t, f, "", 50)
	if !slices.IsSortedFunc(paths, sources.Compare) {
		t.Error("the paths are in no order")
	}
	if len(got) != len(f.things) {
		t.Errorf("%d of %d keys came", len(got), len(f.things))
	}
}

// endless is a bucket whose list is made while it is read.
type endless struct {
	fake
	key   func(i int) string
	count int
	peak  uint64
	asked int
}

func (e *endless) List(ctx context.Context, prefix string, limit int) iter.Seq2[Object, error] {
	e.asked++
	return func(yield func(Object, error) bool) {
		n := 0
		for i := range e.count {
			k := e.key(i)
			if !strings.HasPrefix(k, prefix) {
				continue
			}
			if i%10_000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				e.peak = max(e.peak, m.HeapAlloc)
			}
			if !yield(Object{Key: k, ETag: "e", Modified: time.Unix(1, 0)}, nil) {
				return
			}
			if n++; n == limit {
				return
			}
		}
	}
}

// However many objects share a beginning, only so many are held, and the server
// is asked seldom.
func TestMemoryDoesNotGrow(t *testing.T) {
	const count = 60_000
	for name, key := range map[string]func(int) string{
		"flat":           func(i int) string { return fmt.Sprintf("invoice-%08d.pdf", i) },
		"folders of one": func(i int) string { return fmt.Sprintf("2024-%08d/content", i) },
		"dates":          func(i int) string { return fmt.Sprintf("in/2024-%02d-%02d/%08d-x.json", i*12/count, i*360/count%30, i) },
	} {
		t.Run(name, func(t *testing.T) {
			e := &endless{key: key, count: count}
			n := 0
			var before runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			if err := all(t.Context(), e, "", 1_000, func(string, Object) error { n++; return nil }); err != nil || n != count {
				t.Fatalf("%d objects, %v", n, err)
			}
			if used := int64(e.peak) - int64(before.HeapAlloc); used > 4<<20 {
				t.Errorf("%d MiB are held for %d objects", used>>20, count)
			}
			if e.asked > 100 {
				t.Errorf("the server was asked %d times", e.asked)
			}
		})
	}
}

func BenchmarkOrder(b *testing.B) {
	e := &endless{key: func(i int) string { return fmt.Sprintf("in/2024-%04d/%08x-x.json", i/1000, i) }, count: 40_000}
	for b.Loop() {
		if err := all(context.Background(), e, "", most, func(string, Object) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/40_000, "ns/object")
}
