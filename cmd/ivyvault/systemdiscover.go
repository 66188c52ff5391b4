package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/sources/secret"
	"ivyvault/system/discover"
	"ivyvault/system/discover/axonserver"
	"ivyvault/system/discover/flowable"
	"ivyvault/system/discover/ivy"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
	"ivyvault/system/discover/wso2"
)

// discoverOptions are the flags of the verb.
type discoverOptions struct {
	typ, name, url, root, envFile, userHome string
	token                                   secret.Value
}

// discoverReport is the verb's JSON.
type discoverReport struct {
	Systems []*discover.Proposal `json:"systems"`
	YAML    string               `json:"yaml"`
}

func systemDiscoverCommand() *cli.Command {
	var o discoverOptions
	return &cli.Command{
		Name:      "discover",
		Usage:     "read an installation and propose its section of ivyvault.yaml",
		ArgsUsage: "PATH...",
		Description: `Reads the installation of an Axon Ivy Engine, Flowable, Axon Server, WSO2
Identity Server or MWARE IAM and prints the section of ivyvault.yaml that
captures it, each line with where it was found. Several paths of one kind are
the nodes of a cluster: what they share is taken once, and each difference is
named. Only files are read; nothing is started, and nobody is asked but Axon
Server where --url names it. No password is copied.

What has to be supplied by hand, and what can't be captured, stands below the
section in comments and on standard error: read it.

Example:
  ivyvault system discover /opt/axonivy --env-file /etc/axonivy/env`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "type", Usage: "the engine is `TYPE`: axon-ivy, flowable, axonserver or wso2is (otherwise found out)"},
			&cli.StringFlag{Name: "name", Usage: "call the system `NAME` (otherwise by its type)"},
			&cli.StringFlag{Name: "env-file", Usage: "the engine's environment is in `FILE`, NAME=VALUE a line (otherwise this process's own is taken)"},
			&cli.StringFlag{Name: "root", Usage: "the paths lie in the file system below `DIR`, as a container's does"},
			&cli.StringFlag{Name: "user-home", Usage: "the home directory of the engine's user is `DIR` (otherwise that of the path's owner)"},
			&cli.StringFlag{Name: "url", Usage: "the engine answers at `URL`; Axon Server is asked there for its settings"},
			&cli.StringFlag{Name: "token", Usage: "the token for Axon Server is to be found at `PLACE`: {env:NAME}, {file:/path} or {command:program}"},
		},
		Before: func(c *cli.Context) (err error) {
			o = discoverOptions{typ: c.String("type"), name: c.String("name"), url: c.String("url"), root: c.String("root"), envFile: c.String("env-file"), userHome: c.String("user-home")}
			if o.token, err = secret.Parse(c.String("token")); err != nil {
				return usageError("system discover", "--token: %v", err)
			}
			return wantArgs(c, 1, -1)
		},
		Action: func(c *cli.Context) error {
			_, out, err := begin(c)
			if err != nil {
				return err
			}
			opt, err := o.read(c.Args().Slice())
			if err != nil {
				return err
			}
			if o.envFile == "" && o.root == "" {
				out.notice("", "the environment of this process was taken for the engine's; where that is another, give it with --env-file")
			}
			list, err := discover.Run(c.Context, o.engines(), opt)
			if err != nil {
				return err
			}
			for _, p := range list {
				if o.url != "" && len(p.Nodes) == 0 {
					p.URL = discover.By(o.url, "as given")
				}
				sayProposal(out, p)
			}
			text, err := discover.YAML(list)
			if err != nil {
				return err
			}
			return out.report(discoverReport{list, text}, func(w io.Writer) { fmt.Fprint(w, text) })
		},
	}
}

// engines is the table of engines that are known.
func (o *discoverOptions) engines() []discover.Engine {
	axon := axonserver.Engine{}
	if o.url != "" {
		axon = axonserver.Engine{URL: o.url, Server: &axonserver.Asked{URL: o.url, Token: o.token}}
	}
	return []discover.Engine{ivy.Engine{}, axon, wso2.Engine{}, flowable.Engine{}}
}

// read makes what is discovered of flags and arguments.
func (o *discoverOptions) read(paths []string) (discover.Options, error) {
	opt := discover.Options{Tree: tree.Host("/"), Type: o.typ, Name: o.name}
	if o.userHome != "" {
		opt.UserHome = settings.Setting{Value: o.userHome, From: settings.Origin{Name: "--user-home"}}
	}
	if o.root != "" {
		opt.Tree = tree.Host(o.root)
	}
	for _, p := range paths {
		if o.root == "" {
			abs, err := filepath.Abs(p)
			if err != nil {
				return opt, err
			}
			p = abs
		}
		opt.Paths = append(opt.Paths, filepath.ToSlash(p))
	}
	own := map[string]string{}
	for _, v := range os.Environ() {
		k, value, _ := strings.Cut(v, "=")
		own[k] = value
	}
	switch {
	case o.envFile != "":
		data, err := os.ReadFile(o.envFile)
		if err != nil {
			return opt, fmt.Errorf("the engine's environment can't be read: %w", err)
		}
		if opt.Env, err = settings.EnvFile(data, o.envFile, own); err != nil {
			return opt, err
		}
		if home, ok := opt.Env.Get("HOME"); ok && o.userHome == "" {
			opt.UserHome = home
		}
	case o.root == "": // a container's environment isn't this process's
		opt.Env = settings.FromMap(own)
	}
	return opt, nil
}

// sayProposal tells beside the section what its reader must not miss.
func sayProposal(out *console, p *discover.Proposal) {
	say := func(what string, list []string) {
		for _, s := range list {
			out.notice("", p.Name+": "+what+s)
		}
	}
	say("to be supplied: ", p.Ask)
	say("NOT in the backup: ", p.Uncovered)
	for _, c := range p.Checks {
		if !c.OK {
			out.notice("", p.Name+": a rule for clusters is broken, "+c.Rule+": "+c.Said)
		}
	}
	say("nodes differ: ", p.Differences)
	say("", p.Notes)
}
