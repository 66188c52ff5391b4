package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"ivyvault/bench/proc"
)

func kopia(program string) Tool {
	job := func(p Place, args ...string) proc.Job {
		// Maintenance is run when it is measured, not by chance beside a backup.
		args = append([]string{"--no-auto-maintenance", "--no-progress", "--log-dir=" + filepath.Join(p.Cache, "log")}, args...)
		return proc.Job{Argv: append([]string{program}, args...), Env: p.env("KOPIA_PASSWORD="+secret,
			"KOPIA_CONFIG_PATH="+filepath.Join(p.Cache, "kopia.config"), "KOPIA_CHECK_FOR_UPDATES=false")}
	}
	return Tool{
		Name: "kopia", Program: program, version: []string{"--version"}, Packs: true,
		// It does not compress unless it is told to; its documentation advises it.
		Init: func(p Place) []proc.Job {
			return []proc.Job{
				job(p, "repository", "create", "filesystem", "--path", p.repo(), "--cache-directory", p.cache()),
				job(p, "policy", "set", "--global", "--compression=zstd-fastest"),
			}
		},
		Backup: func(p Place, _ int) []proc.Job { return []proc.Job{job(p, "snapshot", "create", p.Source)} },
		Restore: func(ctx context.Context, p Place, target string) ([]proc.Job, string, error) {
			list, err := kopiaList(ctx, job(p, "snapshot", "list", "--json", p.Source))
			if err != nil {
				return nil, "", err
			}
			return []proc.Job{job(p, "snapshot", "restore", list[len(list)-1].ID, target)}, target, nil
		},
		List: func(p Place) []proc.Job { return []proc.Job{job(p, "snapshot", "list")} },
		Check: func(p Place) []proc.Job {
			return []proc.Job{job(p, "snapshot", "verify", "--verify-files-percent=100")}
		},
		// Without --safety=none only a second run, hours later, would delete.
		Prune: func(p Place) []proc.Job {
			var jobs []proc.Job
			list, err := kopiaList(context.Background(), job(p, "snapshot", "list", "--all", "--json", p.Source))
			if err == nil && len(list) > 1 {
				args := []string{"snapshot", "delete", "--delete"}
				for _, s := range list[:len(list)-1] {
					args = append(args, s.ID)
				}
				jobs = append(jobs, job(p, args...))
			}
			return append(jobs, job(p, "maintenance", "run", "--full", "--safety=none"))
		},
		Mount: func(ctx context.Context, p Place, at string) (proc.Job, string, error) {
			list, err := kopiaList(ctx, job(p, "snapshot", "list", "--json", p.Source))
			if err != nil {
				return proc.Job{}, "", err
			}
			return job(p, "mount", list[len(list)-1].Root.Object, at), at, nil
		},
	}
}

// kopiaSnapshot is what matters of an element of kopia's list.
type kopiaSnapshot struct {
	ID   string `json:"id"`
	Root struct {
		Object string `json:"obj"`
	} `json:"rootEntry"`
}

// kopiaList returns the snapshots, the newest last.
func kopiaList(ctx context.Context, j proc.Job) ([]kopiaSnapshot, error) {
	out, err := ask(ctx, j)
	if err != nil {
		return nil, err
	}
	return parseKopiaList(out)
}

func parseKopiaList(out string) ([]kopiaSnapshot, error) {
	var list []kopiaSnapshot
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("kopia's list of snapshots: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("kopia has no snapshot")
	}
	return list, nil
}
