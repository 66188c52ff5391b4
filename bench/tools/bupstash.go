package tools

import (
	"context"
	"fmt"
	"path/filepath"

	"ivyvault/bench/proc"
)

func bupstash(program string) Tool {
	job := func(p Place, args ...string) proc.Job {
		return proc.Job{Argv: append([]string{program}, args...), Env: p.env(
			"BUPSTASH_REPOSITORY="+p.repo(), "BUPSTASH_KEY="+filepath.Join(p.Cache, "key"),
			"BUPSTASH_SEND_LOG="+filepath.Join(p.Cache, "sendlog"),
			"BUPSTASH_QUERY_CACHE="+filepath.Join(p.Cache, "queries"))}
	}
	tag := func(n int) string { return fmt.Sprintf("n=%d", n) }
	return Tool{
		Name: "bupstash", Program: program, version: []string{"version"},
		Init: func(p Place) []proc.Job {
			return []proc.Job{job(p, "init"), job(p, "new-key", "--output", filepath.Join(p.Cache, "key"))}
		},
		Backup: func(p Place, n int) []proc.Job {
			return []proc.Job{job(p, "put", "--no-progress", tag(n), p.Source)}
		},
		Restore: func(_ context.Context, p Place, target string) ([]proc.Job, string, error) {
			return []proc.Job{job(p, "restore", "--no-progress", "--into", target, tag(p.Newest))}, target, nil
		},
		List: func(p Place) []proc.Job { return []proc.Job{job(p, "list", "--no-progress")} },
		// It has no check; what verifies all data is to get it.
		Check: func(p Place) []proc.Job {
			j := job(p, "get", "--no-progress", tag(p.Newest))
			j.Argv = append([]string{"sh", "-c", `exec "$@" >/dev/null`, "sh"}, j.Argv...)
			return []proc.Job{j}
		},
		Prune: func(p Place) []proc.Job {
			var jobs []proc.Job
			for n := 1; n < p.Newest; n++ {
				jobs = append(jobs, job(p, "rm", "--no-progress", tag(n)))
			}
			return append(jobs, job(p, "gc", "--no-progress"))
		},
	}
}
