package main

import (
	"os"

	"github.com/urfave/cli/v2"
)

// newApp returns the command tree: every verb with its own flags and the
// global ones.
func newApp() *cli.App {
	app := &cli.App{
		Name:                      "ivyvault",
		Usage:                     "deduplicating, encrypted snapshots that can be walked through like directories",
		Commands:                  verbs(),
		Writer:                    os.Stdout,
		ErrWriter:                 newScreen(os.Stderr),
		Reader:                    os.Stdin,
		HideHelp:                  true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true, // a comma may be part of a path
		ExitErrHandler:            func(*cli.Context, error) {},
	}
	for _, c := range app.Commands {
		addGlobals(c)
	}
	return app
}

// verbs is the table of verbs, in the order in which help shows them.
func verbs() []*cli.Command {
	return []*cli.Command{
		initCommand(),
		backupCommand(),
		snapshotsCommand(),
		lsCommand(),
		findCommand(),
		diffCommand(),
		restoreCommand(),
		dumpCommand(),
		mountCommand(),
		versionsCommand(),
		tagCommand(),
		statsCommand(),
		forgetCommand(),
		pruneCommand(),
		checkCommand(),
		axonCommand(),
		systemCommand(),
		keyCommand(),
		catCommand(),
		debugCommand(),
		cacheCommand(),
		configCommand(),
		versionCommand(),
		completionCommand(),
		manCommand(),
	}
}

func addGlobals(c *cli.Command) {
	c.HideHelp = true
	c.OnUsageError = func(_ *cli.Context, err error, _ bool) error {
		return usageError(c.Name, "%s", plainUsage(err))
	}
	if len(c.Subcommands) == 0 {
		c.Flags = append(c.Flags, globalFlags()...)
	}
	for _, s := range c.Subcommands {
		addGlobals(s)
	}
}
