package tools

import (
	"context"

	"ivyvault/bench/proc"
)

func rustic(program string) Tool {
	job := func(p Place, args ...string) proc.Job {
		return proc.Job{Argv: append([]string{program}, args...), Env: p.env("RUSTIC_NO_PROGRESS=true",
			"RUSTIC_REPOSITORY="+p.repo(), "RUSTIC_PASSWORD_FILE="+p.password(), "RUSTIC_CACHE_DIR="+p.cache())}
	}
	return Tool{
		Name: "rustic", Program: program, version: []string{"--version"}, Packs: true,
		Init:   func(p Place) []proc.Job { return []proc.Job{job(p, "init")} },
		Backup: func(p Place, _ int) []proc.Job { return []proc.Job{job(p, "backup", p.Source)} },
		Restore: func(_ context.Context, p Place, target string) ([]proc.Job, string, error) {
			return []proc.Job{job(p, "restore", "latest:"+p.Source, target)}, target, nil
		},
		List:  func(p Place) []proc.Job { return []proc.Job{job(p, "snapshots")} },
		Check: func(p Place) []proc.Job { return []proc.Job{job(p, "check", "--read-data")} },
		// Without --instant-delete packs would only be marked, and deleted a day later.
		Prune: func(p Place) []proc.Job {
			return []proc.Job{job(p, "forget", "--keep-last", "1", "--prune", "--instant-delete")}
		},
		Mount: func(_ context.Context, p Place, at string) (proc.Job, string, error) {
			return job(p, "mount", at, "latest:"+p.Source), at, nil
		},
	}
}
