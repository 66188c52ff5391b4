package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/system/config"
)

func configCommand() *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "check ivyvault.yaml",
		Description: `The configuration says which repository is used and what the systems are made
of. It is the first that is there of ./ivyvault.yaml, ivyvault/ivyvault.yaml in
the user's folder of configurations, and /etc/ivyvault/ivyvault.yaml.

Example:
  ivyvault config check`,
		Subcommands: []*cli.Command{configCheckCommand(), configSchemaCommand()},
	}
}

func configCheckCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "tell all that is wrong with the configuration",
		ArgsUsage: "[FILE]",
		Description: `Reads the configuration, and looks whether each secret can be had and each
directory is there. Secrets are not printed. Each problem is told with its line.

Example:
  ivyvault config check /etc/ivyvault/ivyvault.yaml`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 1) },
		Action: func(c *cli.Context) error {
			_, out, err := begin(c)
			if err != nil {
				return err
			}
			path := c.Args().First()
			if path == "" {
				if path, err = config.Find(); err != nil {
					return err
				}
			}
			f, err := config.Read(path)
			if err != nil {
				return err
			}
			report, err := f.Check(c.Context)
			if err != nil {
				return err
			}
			return out.report(report, func(w io.Writer) {
				fmt.Fprintf(w, "%s is good: %s (%s), %s can be had\n", showPath(report.File),
					plural(int64(len(report.Systems)), "system", "systems"), strings.Join(report.Systems, ", "), plural(int64(report.Secrets), "secret", "secrets"))
			})
		},
	}
}

func configSchemaCommand() *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print a JSON schema of the configuration, for editors",
		Description: `Prints the JSON schema by which editors complete and check ivyvault.yaml. To
use it, begin the file with
  # yaml-language-server: $schema=ivyvault.schema.json

Example:
  ivyvault config schema > ivyvault.schema.json`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 0) },
		Action: func(*cli.Context) error {
			p, err := config.Schema()
			if err == nil {
				_, err = os.Stdout.Write(p)
			}
			return err
		},
	}
}
