package prooftest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"ivyvault/repo"
	"ivyvault/repo/store"
	"ivyvault/repo/store/crash"
	"ivyvault/repo/store/fault"
	"ivyvault/repo/store/mem"
)

// leastPoints is how many points of failure the whole story must have: fewer
// would mean that the stores no longer see what the verbs do.
const leastPoints = 200

// TestFaultAtEveryOperation lets the N-th operation of each verb fail, for
// N = 1, 2, 3 … until none does: without effect, after its effect, and with
// everything after it failing too.
func TestFaultAtEveryOperation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	plans := []struct {
		name string
		plan fault.Plan
	}{{"without effect", fault.Plan{}}, {"after its effect", fault.Plan{After: true}}, {"for good", fault.Plan{Stuck: true}}}
	st, known := mem.New(), expected{}
	all := 0
	for _, s := range story(t) {
		points := 0
		for _, p := range plans {
			for n := 1 + rand.IntN(stride); ; n++ {
				medium, e := st.Clone(), maps.Clone(known)
				p.plan.N = n
				f := fault.New(medium, p.plan)
				_, ended, err := s.run(ctx, f, e)
				where := fmt.Sprintf("%s, operation %d fails %s (%v)", s.name, n, p.name, err)
				if s.name == "init" && err != nil {
					again(t, medium, where)
				} else {
					prove(t, medium, e, after(e, ended), where)
				}
				if !f.Fired() {
					if err != nil {
						t.Fatalf("%s: it fails without a fault: %v", s.name, err)
					}
					break
				}
				points += stride
				n += stride - 1
			}
		}
		t.Logf("%-12s %3d points", s.name, points)
		all += points
		_, ended, err := s.run(ctx, st, known)
		must(t, err)
		for _, id := range ended {
			delete(known, id)
		}
	}
	t.Logf("%d points in all", all)
	if all < leastPoints {
		t.Errorf("only %d points of failure", all)
	}
}

// TestCrashAtEveryWrite lets the machine stop in the N-th put or remove of each
// verb; what was not promised is lost by chance of several seeds.
func TestCrashAtEveryWrite(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	st, known := mem.New(), expected{}
	all := 0
	for _, s := range story(t) {
		points := 0
		for seed := uint64(1); seed <= 3; seed++ {
			for n := 1 + rand.IntN(stride); ; n++ {
				c, e := crash.New(st.Clone(), seed<<32+uint64(n)), maps.Clone(known)
				c.CrashAt(n)
				_, ended, err := s.run(ctx, c, e)
				crashed := c.Crashed()
				medium := c.Crash()
				where := fmt.Sprintf("%s, the machine stops in write %d, seed %d (%v)", s.name, n, seed, err)
				if s.name == "init" && err != nil {
					again(t, medium, where)
				} else {
					prove(t, medium, e, after(e, ended), where)
				}
				if !crashed {
					if err != nil {
						t.Fatalf("%s: it fails without a crash: %v", s.name, err)
					}
					break
				}
				points += stride
				n += stride - 1
			}
		}
		t.Logf("%-12s %3d points", s.name, points)
		all += points
		_, ended, err := s.run(ctx, st, known)
		must(t, err)
		for _, id := range ended {
			delete(known, id)
		}
	}
	t.Logf("%d points in all", all)
	if all < leastPoints {
		t.Errorf("only %d points", all)
	}
}

// again: after an init that failed there is no repository, and another init
// makes one; or there is one, and it works.
func again(t *testing.T, st store.Store, where string) {
	t.Helper()
	ctx := context.Background()
	r, err := openRepo(ctx, st)
	if errors.Is(err, store.ErrNoRepository) {
		r, err = initRepo(ctx, st)
	}
	if err != nil {
		t.Fatalf("%s: then init: %v", where, err)
	}
	id, err := write(ctx, r, []int{1, 2})
	if err != nil {
		t.Fatalf("%s: then a backup: %v", where, err)
	}
	prove(t, st, expected{id: {"f000001": block(1), "f000002": block(2)}}, map[repo.Name]bool{}, where)
}
