package tools

import (
	"context"
	"path/filepath"

	"ivyvault/bench/proc"
)

// Ivy is the name of the program that all others are compared with.
const Ivy = "ivyvault"

func ivy(program string) Tool {
	job := func(p Place, args ...string) proc.Job {
		return proc.Job{Argv: append([]string{program}, args...), Env: p.env(
			"IVYVAULT_REPOSITORY="+p.repo(), "IVYVAULT_PASSWORD_FILE="+p.password(), "IVYVAULT_CACHE_DIR="+p.cache())}
	}
	return Tool{
		Name: Ivy, Program: program, version: []string{"version"}, Packs: true,
		Init:   func(p Place) []proc.Job { return []proc.Job{job(p, "init")} },
		Backup: func(p Place, _ int) []proc.Job { return []proc.Job{job(p, "backup", p.Source)} },
		Restore: func(_ context.Context, p Place, target string) ([]proc.Job, string, error) {
			return []proc.Job{job(p, "restore", "latest:"+p.Source, "--target", target)}, target, nil
		},
		List:  func(p Place) []proc.Job { return []proc.Job{job(p, "snapshots")} },
		Check: func(p Place) []proc.Job { return []proc.Job{job(p, "check", "--read-data")} },
		// The grace only spares the work of other backups under way; there are none.
		Prune: func(p Place) []proc.Job {
			return []proc.Job{job(p, "forget", "--keep-last", "1", "--prune", "--grace", "0s")}
		},
		Mount: func(_ context.Context, p Place, at string) (proc.Job, string, error) {
			return job(p, "mount", at), filepath.Join(at, "snapshots", "latest", p.Source), nil
		},
	}
}
