package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/sources/secret"
	"ivyvault/system/config"
)

// globalCategory sets the flags that every verb has apart from its own.
const globalCategory = "Global flags"

// global is what the flags and variables say that every verb understands.
type global struct {
	repository         string
	passwordFile       string
	passwordCommand    string
	password           secret.Value // of the configuration, where that names the repository
	cacheDir           string
	noCache            bool
	json, quiet        bool
	verbose            int
	limitUp, limitDown int // KiB a second, 0: no limit
	attempts           int
	stdinTaken         bool  // standard input carries the data
	misread            error // why the configuration names no repository
}

func globalFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "repo", Aliases: []string{"r"}, Usage: "the `REPOSITORY`: a directory ($IVYVAULT_REPOSITORY)"},
		&cli.StringFlag{Name: "password-file", Aliases: []string{"p"}, Usage: "read the password from the first line of `FILE` ($IVYVAULT_PASSWORD_FILE)"},
		&cli.StringFlag{Name: "password-command", Usage: "take the password from the first line that `COMMAND` prints ($IVYVAULT_PASSWORD_COMMAND)"},
		&cli.StringFlag{Name: "cache-dir", Usage: "keep the local cache in `DIR` ($IVYVAULT_CACHE_DIR; otherwise $XDG_CACHE_HOME/ivyvault)"},
		&cli.BoolFlag{Name: "no-cache", Usage: "keep no local cache"},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON value, and errors as one line of JSON"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print nothing but errors and what was asked for"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more", Count: new(int)},
		&cli.IntFlag{Name: "limit-upload", Usage: "send at most `KIB` a second to the repository"},
		&cli.IntFlag{Name: "limit-download", Usage: "fetch at most `KIB` a second from the repository"},
		&cli.IntFlag{Name: "retry", Value: 8, Usage: "try what may pass `TIMES` times in all before giving up"},
	}
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Category = globalCategory
		case *cli.BoolFlag:
			f.Category = globalCategory
		case *cli.IntFlag:
			f.Category = globalCategory
		}
	}
	return flags
}

// readGlobal reads the global flags, then the variables for those not given.
func readGlobal(c *cli.Context) (global, error) {
	g := global{
		repository:      flagOrEnv(c, "repo", "IVYVAULT_REPOSITORY"),
		passwordFile:    c.String("password-file"),
		passwordCommand: c.String("password-command"),
		cacheDir:        flagOrEnv(c, "cache-dir", "IVYVAULT_CACHE_DIR"),
		noCache:         c.Bool("no-cache"),
		json:            c.Bool("json"),
		quiet:           c.Bool("quiet"),
		verbose:         c.Count("verbose"),
		limitUp:         c.Int("limit-upload"),
		limitDown:       c.Int("limit-download"),
		attempts:        c.Int("retry"),
	}
	switch {
	case g.passwordFile != "" && g.passwordCommand != "":
		return g, usageError(c.Command.Name, "--password-file and --password-command exclude each other")
	case g.limitUp < 0 || g.limitDown < 0:
		return g, usageError(c.Command.Name, "a limit is a number of KiB a second above 0")
	case g.attempts < 1:
		return g, usageError(c.Command.Name, "--retry is a number of attempts, at least 1")
	}
	g.misread = g.configure()
	if g.noCache {
		g.cacheDir = ""
		return g, nil
	}
	if g.cacheDir == "" {
		if base, err := os.UserCacheDir(); err == nil {
			g.cacheDir = filepath.Join(base, "ivyvault")
		}
	}
	return g, nil
}

// configure takes from the configuration what neither flags nor variables say.
// It isn't looked for where these name the repository: its password is that of
// its own repository.
func (g *global) configure() error {
	if g.repository != "" {
		return nil
	}
	path, err := config.Find()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := config.Read(path)
	if err != nil {
		return err
	}
	g.repository, g.password = f.Repository, f.Password
	if g.cacheDir == "" {
		g.cacheDir = f.CacheDir
	}
	return nil
}

// medium finds where the repository is.
func (g global) medium() (medium, string, error) {
	if g.repository == "" && g.misread != nil {
		return medium{}, "", g.misread
	}
	return findMedium(g.repository)
}

// makeCache makes the cache folder before anything else is done that a folder
// which can't be made would leave half done.
func (g global) makeCache() error {
	if g.cacheDir == "" {
		return nil
	}
	if err := os.MkdirAll(g.cacheDir, 0o700); err != nil {
		return fmt.Errorf("the cache folder can't be made: %w: choose another with --cache-dir, or --no-cache", err)
	}
	return nil
}

func flagOrEnv(c *cli.Context, flag, env string) string {
	if c.IsSet(flag) {
		return c.String(flag)
	}
	return os.Getenv(env)
}

// plainUsage puts an error of the flag package into our words.
func plainUsage(err error) string {
	s := err.Error()
	s = strings.Replace(s, "flag provided but not defined: -", "there is no flag --", 1)
	s = strings.ReplaceAll(s, `" for flag -`, `" doesn't suit --`)
	return strings.Replace(s, "invalid value", "the value", 1)
}
