package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/sources/secret"
	"ivyvault/system"
	"ivyvault/system/build"
	"ivyvault/system/config"
)

// configFlag names the configuration for the verbs that deal with systems.
func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Aliases: []string{"c"}, Usage: "read the configuration from `FILE` (default: ./ivyvault.yaml, or that of the user or machine)"}
}

// configured is one system of the configuration.
type configured struct {
	file *config.File
	text []byte // of the file
	name string
	conf *config.System
}

// loadSystem reads the section of a system.
func loadSystem(c *cli.Context, name string) (configured, error) {
	f, err := readConfig(c)
	if err != nil {
		return configured{}, err
	}
	path := f.Path()
	text, err := os.ReadFile(path)
	if err != nil {
		return configured{}, err
	}
	s, ok := f.Systems[name]
	if !ok {
		var names []string
		for n := range f.Systems {
			names = append(names, n)
		}
		slices.Sort(names)
		return configured{}, fmt.Errorf("%s has no system %q: it has %s", path, name, strings.Join(names, ", "))
	}
	return configured{f, text, name, s}, nil
}

// plan makes the plan of the system.
func (s configured) plan(ctx context.Context, g global, out *console, instance bool) (*system.Plan, *secret.Mask, error) {
	skips, err := ownPlaces(g)
	if err != nil {
		return nil, nil, err
	}
	mask := &secret.Mask{}
	p, err := build.Plan(ctx, s.name, s.conf, build.Env{
		Scratch: s.file.Scratch, Mask: mask, Skip: skips, Instance: instance,
		Log: func(line string) {
			if out.verbose > 0 {
				out.notice("", mask.Clean(line))
			}
		},
	})
	return p, mask, err
}

// takeRepository takes from the named configuration what neither flags nor
// variables say about the repository.
func (g *global) takeRepository(f *config.File) {
	if g.repository == "" {
		g.repository = f.Repository
		g.password = f.Password
	}
	if g.cacheDir == "" && !g.noCache {
		g.cacheDir = f.CacheDir
	}
}
