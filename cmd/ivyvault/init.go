package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/seal"
)

type initOptions struct {
	config repo.Config
	label  string
	kdf    seal.Argon
}

func initCommand() *cli.Command {
	var o initOptions
	return &cli.Command{
		Name:  "init",
		Usage: "make a new repository",
		Description: `Makes an empty repository and its first key, of the role full. The password can
be changed later; without a password nothing in the repository can be read, by
nobody. What is chosen here about chunks, packs and compression stays for the
life of the repository.

Example:
  ivyvault init -r /srv/backup/vault`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "label", Usage: "call the first key `NAME`"},
			&cli.StringFlag{Name: "compression", Value: "fastest", Usage: "compress by zstd at `LEVEL`: off, fastest, default or better"},
			&cli.StringFlag{Name: "splitter", Value: "fastcdc", Usage: "cut files by `WAY`: fastcdc, rabin or fixed"},
			&cli.StringFlag{Name: "chunk-size", Usage: "cut files into chunks of about `SIZE`, a power of two from 4K to 16M: smaller ones store less of a changed file again, larger ones make a smaller index (default: 512K)"},
			&cli.StringFlag{Name: "pack-size", Usage: "store chunks in packs of about `SIZE`, 4M to 128M (default: 16M)"},
		}, kdfFlags()...),
		Before: func(c *cli.Context) (err error) {
			o.config = repo.Config{Compression: c.String("compression"), Splitter: c.String("splitter")}
			o.label = c.String("label")
			if s := c.String("chunk-size"); s != "" {
				n, err := parseSize(s)
				if err != nil {
					return err
				}
				cut := chunk.CutOf(o.config.Splitter, int(min(max(n, 1), 1<<40))) // 0 is refused too
				o.config.ChunkMin, o.config.ChunkAvg, o.config.ChunkMax = cut.Min, cut.Avg, cut.Max
			}
			if s := c.String("pack-size"); s != "" {
				n, err := parseSize(s)
				if err != nil {
					return err
				}
				o.config.PackSize = int(min(n, 1<<40))
			}
			o.kdf, err = readKDF(c)
			return errors.Join(err, wantArgs(c, 0, 0))
		},
		Action: func(c *cli.Context) error { return runInit(c, o) },
	}
}

func runInit(c *cli.Context, o initOptions) error {
	ctx := c.Context
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	m, place, err := g.medium()
	if err != nil {
		return err
	}
	if err := g.makeCache(); err != nil {
		return err
	}
	under, err := m.create(ctx, place)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w: use it, or choose another place", place, repo.ErrExists)
	}
	if err != nil {
		return err
	}
	st := stack(g, out, under)
	password, err := readPassword(ctx, g, "password for the new repository", true)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	r, err := repo.Init(ctx, st, repo.InitOptions{Config: o.config, Label: o.label, Password: password, Argon: o.kdf, CacheDir: g.cacheDir})
	if err != nil {
		return errors.Join(err, st.Close())
	}
	defer r.Close()
	report := struct {
		Repository string `json:"repository"`
		repo.Config
	}{place, r.Config()}
	return out.summary(report, func(w io.Writer) {
		fmt.Fprintf(w, "made repository %s at %s\n", report.ID[:16], showPath(place))
		fmt.Fprintln(w, "Keep the password safe: without it nothing in the repository can be read.")
	})
}

// kdfFlags are the flags of all verbs that make a key.
func kdfFlags() []cli.Flag {
	d := seal.DefaultArgon()
	return []cli.Flag{
		&cli.IntFlag{Name: "kdf-memory", Value: int(d.MemoryKiB >> 10), Usage: "memory of argon2id for each try of the password, `MIB` from 1 to 4096; less is weaker"},
		&cli.IntFlag{Name: "kdf-passes", Value: int(d.Passes), Usage: "passes of argon2id, `N` from 1 to 64; less is weaker"},
	}
}

func readKDF(c *cli.Context) (seal.Argon, error) {
	mib, passes := c.Int("kdf-memory"), c.Int("kdf-passes")
	if mib < 1 || mib > 4096 {
		return seal.Argon{}, usageError(c.Command.Name, "--kdf-memory is 1 to 4096 MiB")
	}
	if passes < 1 || passes > 64 {
		return seal.Argon{}, usageError(c.Command.Name, "--kdf-passes is 1 to 64")
	}
	return seal.Argon{Passes: uint32(passes), MemoryKiB: uint32(mib) << 10, Lanes: seal.DefaultArgon().Lanes}, nil
}

// wantArgs checks the number of arguments; most < 0 sets no bound.
func wantArgs(c *cli.Context, least, most int) error {
	n := c.NArg()
	switch {
	case n < least:
		return usageError(c.Command.Name, "an argument is missing: ivyvault %s %s", c.Command.Name, c.Command.ArgsUsage)
	case most >= 0 && n > most:
		return usageError(c.Command.Name, "%q is one argument too many", c.Args().Get(most))
	}
	return nil
}
