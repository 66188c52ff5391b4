package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"ivyvault/sources/tool"
)

// programs are PostgreSQL's programs of one version.
type programs struct {
	dir     string // "" is PATH
	major   int
	version string // as the program says it: "15.20 (Debian …)"
}

func (g *programs) path(name string) string {
	if g.dir == "" {
		return name
	}
	return filepath.Join(g.dir, name)
}

// OldProgramsError says that programs are too old for a server or for a dump.
type OldProgramsError struct {
	Program string
	Have    int // major version; 0: none was found
	Need    int
	For     string
}

func (e *OldProgramsError) Error() string {
	have := fmt.Sprintf("the newest %s that was found is version %d", e.Program, e.Have)
	if e.Have == 0 {
		have = "no " + e.Program + " was found"
	}
	return fmt.Sprintf("%s, and %s needs version %d or newer: install PostgreSQL's client programs of version %d, or name their folder with 'programs:'", have, e.For, e.Need, e.Need)
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) ((\d+)[^\n]*)`)

// find returns programs of at least the wanted major version: the folder that
// was configured, else that of the same version where distributions put it,
// else those in PATH, else the next newer ones.
func (p *Part) find(ctx context.Context, major int, use string) (*programs, error) {
	var places []string
	if p.cfg.Programs != "" {
		places = []string{p.cfg.Programs}
	} else {
		places = append(installed(major), "")
		for newer := major + 1; newer < major+10; newer++ {
			places = append(places, installed(newer)...)
		}
	}
	best := 0
	for _, dir := range places {
		g := &programs{dir: dir}
		out, err := tool.Command{Argv: []string{g.path("pg_dump"), "--version"}}.Output(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if p.cfg.Programs != "" && !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
			continue
		}
		m := versionLine.FindStringSubmatch(out)
		if m == nil {
			continue
		}
		g.version = m[1]
		g.major, _ = strconv.Atoi(m[2])
		if g.major >= major {
			return g, nil
		}
		best = max(best, g.major)
	}
	return nil, &OldProgramsError{"pg_dump", best, major, use}
}

// installed returns the folders where the packages of Debian, Red Hat and their
// descendants put the programs of a version, where they exist.
func installed(major int) []string {
	dirs := []string{fmt.Sprintf("/usr/lib/postgresql/%d/bin", major), fmt.Sprintf("/usr/pgsql-%d/bin", major)}
	return slices.DeleteFunc(dirs, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "pg_dump"))
		return err != nil
	})
}
