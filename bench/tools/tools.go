// Package tools says how each backup program is asked to do the same work.
//
// A Tool is one program; a Place is one repository of it with caches of its
// own. Every program is encrypted, compresses, keeps its caches and looks for
// changes by metadata as its documentation recommends for ordinary use; what
// departs from a program's defaults is said beside it, with the reason.
package tools

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ivyvault/bench/proc"
)

// asking is how long a program may take to answer a question that is not
// measured, such as for its version.
const asking = 5 * time.Minute

// Place is one repository, what belongs to it, and the directory that is
// backed up into it.
type Place struct {
	Dir    string // of the repository
	Cache  string // of what the program keeps locally
	Source string
	Newest int // the number of the last backup, from 1
}

func (p Place) repo() string     { return filepath.Join(p.Dir, "repo") }
func (p Place) password() string { return filepath.Join(p.Cache, "password") }
func (p Place) cache() string    { return filepath.Join(p.Cache, "cache") }

// Repo returns the directory whose size is the repository's.
func (p Place) Repo() string { return p.repo() }

// secret opens throwaway repositories of public data: nothing hangs on it.
const secret = "only for measuring"

// Prepare makes the directories and the password file.
func (p Place) Prepare() error {
	for _, d := range []string{p.Dir, p.cache(), filepath.Join(p.Cache, "home")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	return os.WriteFile(p.password(), []byte(secret+"\n"), 0o600)
}

// env returns the environment of the program: nothing of the caller's but
// where programs are.
func (p Place) env(more ...string) []string {
	home := filepath.Join(p.Cache, "home")
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + home,
		"XDG_CACHE_HOME=" + p.cache(), "XDG_CONFIG_HOME=" + home, "TMPDIR=" + os.TempDir(),
	}, more...)
}

// Tool is one backup program. The functions return the jobs that do a work;
// what they have to ask first they ask outside of what is measured.
type Tool struct {
	Name    string
	Program string // path of the executable
	version []string

	// Init makes the repository; it is not measured.
	Init func(p Place) []proc.Job
	// Backup makes the n-th snapshot, from 1.
	Backup func(p Place, n int) []proc.Job
	// Restore writes the newest snapshot below target, which exists. The second
	// value is where the source's files are then.
	Restore func(ctx context.Context, p Place, target string) ([]proc.Job, string, error)
	// List lists the snapshots, which takes what opening the repository takes.
	List func(p Place) []proc.Job
	// Check reads and verifies all data.
	Check func(p Place) []proc.Job
	// Prune forgets all but the newest of the two snapshots there are, and gives
	// back their space at once.
	Prune func(p Place) []proc.Job
	// Mount shows the newest snapshot at the directory at, and stays. The second
	// value is where the source's files are then. It is nil where there is none.
	Mount func(ctx context.Context, p Place, at string) (proc.Job, string, error)
	// Packs says that a prune has packs to look through, so that it is compared.
	Packs bool
}

// Version returns what the program says its version is.
func (t Tool) Version(ctx context.Context) (string, error) {
	out, err := ask(ctx, proc.Job{Argv: append([]string{t.Program}, t.version...), Env: Place{Cache: os.TempDir()}.env()})
	if err != nil {
		return "", err
	}
	v := versionIn(out)
	if v == "" {
		return "", fmt.Errorf("%s does not say its version: %q", t.Program, out)
	}
	return v, nil
}

// ask runs a job that is not measured.
func ask(ctx context.Context, j proc.Job) (string, error) {
	_, out, err := proc.Run(ctx, j, asking)
	return out, err
}

// All returns the programs that are there: IvyVault first, then the rivals out
// of the folder of bench/rivals.sh.
func All(ivyvault, rivals string, wanted func(name string) bool) (there []Tool, missing []string) {
	list := []Tool{
		ivy(ivyvault),
		restic(filepath.Join(rivals, "bin", "restic")),
		rustic(filepath.Join(rivals, "bin", "rustic")),
		kopia(filepath.Join(rivals, "bin", "kopia")),
		borg(filepath.Join(rivals, "bin", "borg")),
		bupstash(filepath.Join(rivals, "bin", "bupstash")),
	}
	for _, t := range list {
		if t.Name != Ivy && !wanted(t.Name) {
			continue
		}
		if info, err := os.Stat(t.Program); err != nil || info.IsDir() {
			missing = append(missing, t.Name)
			continue
		}
		there = append(there, t)
	}
	return there, missing
}
