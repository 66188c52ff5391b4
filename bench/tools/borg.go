package tools

import (
	"context"
	"fmt"
	"path/filepath"

	"ivyvault/bench/proc"
)

func borg(program string) Tool {
	job := func(p Place, args ...string) proc.Job {
		return proc.Job{Argv: append([]string{program}, args...), Env: p.env("BORG_PASSPHRASE="+secret,
			"BORG_REPO="+p.repo(), "BORG_BASE_DIR="+filepath.Join(p.Cache, "home"), "BORG_CACHE_DIR="+p.cache())}
	}
	newest := func(ctx context.Context, p Place) (string, error) {
		name, err := ask(ctx, job(p, "list", "--last", "1", "--format", "{archive}"))
		if err == nil && name == "" {
			err = fmt.Errorf("borg has no archive")
		}
		return name, err
	}
	return Tool{
		Name: "borg", Program: program, version: []string{"--version"}, Packs: true,
		// Of the ways to encrypt, the manual recommends this one for hosts like ours.
		Init: func(p Place) []proc.Job { return []proc.Job{job(p, "init", "--encryption", "repokey-blake2")} },
		// The default, lz4, is fast but leaves a fifth more; all others use zstd.
		Backup: func(p Place, n int) []proc.Job {
			return []proc.Job{job(p, "create", "--compression", "zstd,3", fmt.Sprintf("::n%d", n), p.Source)}
		},
		Restore: func(ctx context.Context, p Place, target string) ([]proc.Job, string, error) {
			name, err := newest(ctx, p)
			j := job(p, "extract", "::"+name)
			j.Dir = target
			return []proc.Job{j}, filepath.Join(target, p.Source), err
		},
		List:  func(p Place) []proc.Job { return []proc.Job{job(p, "list")} },
		Check: func(p Place) []proc.Job { return []proc.Job{job(p, "check", "--verify-data")} },
		Prune: func(p Place) []proc.Job {
			return []proc.Job{job(p, "prune", "--keep-last", "1"), job(p, "compact")}
		},
		Mount: func(ctx context.Context, p Place, at string) (proc.Job, string, error) {
			name, err := newest(ctx, p)
			return job(p, "mount", "--foreground", "::"+name, at), filepath.Join(at, p.Source), err
		},
	}
}
