package forget_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/forget"
	"ivyvault/repo/seal"
	"ivyvault/repo/store/mem"
	"ivyvault/sources/dir"
)

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func snap(n int, when string) repo.Snapshot {
	s := repo.Snapshot{Time: at(when)}
	s.ID[0], s.ID[1] = byte(n), byte(n>>8)
	return s
}

func kept(list []repo.Snapshot, p forget.Policy) []int {
	p.Zone = time.UTC
	out := []int{}
	for _, d := range forget.Plan(list, p) {
		if d.Keep {
			out = append(out, int(d.Snapshot.ID[0])|int(d.Snapshot.ID[1])<<8)
		}
	}
	slices.Sort(out)
	return out
}

func TestPlan(t *testing.T) {
	list := []repo.Snapshot{
		snap(1, "2024-12-30 10:00"), // ISO week 1 of 2025
		snap(2, "2025-01-02 10:00"),
		snap(3, "2025-02-01 10:00"),
		snap(4, "2025-02-01 10:30"),
		snap(5, "2025-02-01 23:00"),
		snap(6, "2025-02-02 01:00"),
		snap(7, "2025-03-15 12:00"),
	}
	list[1].Tags = []string{"a", "b"}
	list[2].Protected = true
	broken := slices.Clone(list)
	broken[5].Incomplete, broken[6].Incomplete = true, true
	broken[4].Incomplete = true
	within := func(s string) forget.Duration {
		d, err := forget.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		name string
		list []repo.Snapshot
		p    forget.Policy
		want []int
	}{
		{"last 2", list, forget.Policy{Last: 2}, []int{3, 6, 7}},
		{"all", list, forget.Policy{Last: forget.All}, []int{1, 2, 3, 4, 5, 6, 7}},
		{"hourly 4", list, forget.Policy{Hourly: 4}, []int{3, 4, 5, 6, 7}},
		{"daily 3", list, forget.Policy{Daily: 3}, []int{3, 5, 6, 7}},
		{"weekly all", list, forget.Policy{Weekly: forget.All}, []int{2, 3, 6, 7}},
		{"monthly 2", list, forget.Policy{Monthly: 2}, []int{3, 6, 7}},
		{"yearly all", list, forget.Policy{Yearly: forget.All}, []int{1, 3, 7}},
		{"tag", list, forget.Policy{Tags: [][]string{{"a", "b"}, {"c"}}}, []int{2, 3}},
		{"one of the tags only", list, forget.Policy{Tags: [][]string{{"a", "c"}}}, []int{3}},
		{"within", list, forget.Policy{Within: within("1m14d")}, []int{3, 5, 6, 7}},
		{"within hours", list, forget.Policy{Within: within("1h")}, []int{3, 7}},
		{"incomplete ones don't push out", broken, forget.Policy{Last: 2}, []int{3, 4, 6, 7}},
		{"a complete one of the day is preferred", broken, forget.Policy{Daily: 3}, []int{3, 4, 6, 7}},
		{"empty", nil, forget.Policy{Last: 3}, []int{}},
	} {
		if got := kept(c.list, c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: kept %v, want %v", c.name, got, c.want)
		}
	}
}

// TestPlanProperties: what must hold for any list and policy.
func TestPlanProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 7))
	for range 500 {
		var list []repo.Snapshot
		for i := range rng.IntN(60) {
			s := snap(i, "2025-01-01 00:00")
			s.Time = s.Time.Add(time.Duration(rng.Int64N(int64(3 * 365 * 24 * time.Hour))))
			s.Incomplete = rng.IntN(3) == 0
			s.Protected = rng.IntN(20) == 0
			list = append(list, s)
		}
		count := func() int { return rng.IntN(6) - 1 }
		p := forget.Policy{Last: count(), Hourly: count(), Daily: count(), Weekly: count(), Monthly: count(), Yearly: count(), Zone: time.UTC}
		shuffled := slices.Clone(list)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := kept(list, p)
		if !slices.Equal(got, kept(shuffled, p)) {
			t.Fatal("the order of the list decides")
		}
		if len(forget.Plan(list, p)) != len(list) {
			t.Fatal("not every snapshot has a decision")
		}
		// What stays is not thinned out by applying the policy again.
		var rest []repo.Snapshot
		for _, s := range list {
			if slices.Contains(got, int(s.ID[0])|int(s.ID[1])<<8) {
				rest = append(rest, s)
			} else if s.Protected {
				t.Fatal("a protected one goes")
			}
		}
		if again := kept(rest, p); !slices.Equal(got, again) {
			t.Fatalf("%+v: applied again %v, before %v", p, again, got)
		}
		if !p.Empty() && len(list) > 0 && len(got) == 0 {
			t.Fatalf("%+v keeps nothing of %d", p, len(list))
		}
		// The newest complete one stays under each rule that keeps anything.
		if p.Last != 0 && slices.ContainsFunc(list, func(s repo.Snapshot) bool { return !s.Incomplete }) &&
			!slices.ContainsFunc(rest, func(s repo.Snapshot) bool { return !s.Incomplete }) {
			t.Fatalf("%+v keeps no complete one", p)
		}
		for _, d := range forget.Plan(list, p) {
			if d.Keep != (len(d.Reasons) > 0) {
				t.Fatal("a snapshot is kept without a reason, or goes with one")
			}
		}
	}
}

func TestParseDuration(t *testing.T) {
	for _, good := range []string{"1y5m7d2h", "3d", "2h", "1y2h"} {
		if d, err := forget.ParseDuration(good); err != nil || d.String() != good {
			t.Errorf("%q: %v %v", good, d, err)
		}
	}
	for _, bad := range []string{"", "d", "3", "3x", "2h1d", "1d1d", "-1d", "0d", "1.5d", "99999999d"} {
		if d, err := forget.ParseDuration(bad); err == nil {
			t.Errorf("%q was read as %v", bad, d)
		}
	}
}

func TestRun(t *testing.T) {
	ctx := context.Background()
	st, root := mem.New(), t.TempDir()
	argon := seal.Argon{Passes: 1, MemoryKiB: 8 << 10, Lanes: 1}
	r, err := repo.Init(ctx, st, repo.InitOptions{Password: []byte("x"), Argon: argon})
	if err != nil {
		t.Fatal(err)
	}
	save := func(i int, protected bool) repo.Name {
		if err := os.WriteFile(filepath.Join(root, "f"), []byte(fmt.Sprint(i)), 0o644); err != nil {
			t.Fatal(err)
		}
		src, err := dir.New([]string{root}, dir.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := backup.Run(ctx, r, backup.Options{Source: src, Paths: []string{root}, Host: fmt.Sprint("h", i%2),
			Protected: protected, Time: time.Date(2025, 1, 1+i, 0, 0, 0, 0, time.UTC)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return rep.Snapshot
	}
	var ids []repo.Name
	for i := range 8 {
		ids = append(ids, save(i, i == 0))
	}
	live := func() int { return len(r.State().Snapshots()) }
	if _, err := forget.Run(ctx, r, forget.Options{}, nil); !errors.Is(err, forget.ErrEmptyPolicy) {
		t.Errorf("an empty policy gave %v", err)
	}
	var gone *forget.AllGoneError
	tag := forget.Policy{Tags: [][]string{{"none"}}}
	if _, err := forget.Run(ctx, r, forget.Options{Policy: tag, GroupBy: forget.GroupBy{Host: true}}, nil); !errors.As(err, &gone) || live() != 8 {
		t.Errorf("all of a group: %v, %d live", err, live())
	}
	var prot *forget.ProtectedError
	if _, err := forget.Run(ctx, r, forget.Options{IDs: ids[:1]}, nil); !errors.As(err, &prot) {
		t.Errorf("a protected one by name: %v", err)
	}
	opt := forget.Options{Policy: forget.Policy{Last: 1}, GroupBy: forget.GroupBy{Host: true, Paths: true}, DryRun: true}
	rep, err := forget.Run(ctx, r, opt, nil)
	if err != nil || rep.Forgotten != 5 || rep.Kept != 3 || live() != 8 || len(rep.Groups) != 2 {
		t.Errorf("dry run: %+v %v", rep, err)
	}
	head := r.State().Head().Number
	opt.DryRun = false
	rep, err = forget.Run(ctx, r, opt, nil)
	if err != nil || rep.Forgotten != 5 || live() != 3 {
		t.Errorf("run: %+v %v", rep, err)
	}
	if now := r.State().Head().Number; now != head+1 {
		t.Errorf("%d log entries for one forget", now-head)
	}
	rep, err = forget.Run(ctx, r, forget.Options{IDs: []repo.Name{ids[7], ids[7]}}, nil)
	if err != nil || rep.Forgotten != 1 || live() != 2 {
		t.Errorf("by name: %+v %v", rep, err)
	}
	if _, err := r.AddKey(ctx, seal.Backup, "", []byte("weak"), argon); err != nil {
		t.Fatal(err)
	}
	weak, err := repo.Open(ctx, st, repo.Options{Password: []byte("weak")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forget.Run(ctx, weak, opt, nil); !errors.Is(err, repo.ErrNeedsFull) {
		t.Errorf("a backup key: %v", err)
	}
}
