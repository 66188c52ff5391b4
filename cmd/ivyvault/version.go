package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"ivyvault/repo/seal"
)

// buildVersion may be set when the program is linked.
var buildVersion string

// versionReport tells which build this is.
type versionReport struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source
	Modified bool   `json:"modified,omitempty"` // the source differed from it
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Format   int    `json:"format"` // version of the repository format
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "tell which build this is",
		Description: `Tells the version of this build, of its source, of Go and of the repository
format that it writes.

Example:
  ivyvault version --json`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 0) },
		Action: func(c *cli.Context) error {
			_, out, err := begin(c)
			if err != nil {
				return err
			}
			v := readVersion()
			return out.report(v, func(w io.Writer) {
				fmt.Fprintf(w, "ivyvault %s (repository format %d) built with %s for %s\n", v.Version, v.Format, v.Go, v.Platform)
			})
		},
	}
}

func readVersion() versionReport {
	v := versionReport{Version: buildVersion, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Format: seal.Version}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Revision = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
		if v.Version == "" && info.Main.Version != "(devel)" {
			v.Version = info.Main.Version
		}
	}
	if v.Version == "" {
		v.Version = "devel"
	}
	return v
}

// programVersion is what snapshots say of the program that made them.
func programVersion() string { return readVersion().Version }
