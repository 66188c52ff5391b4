package main

import "github.com/urfave/cli/v2"

func systemCommand() *cli.Command {
	return &cli.Command{
		Name:  "system",
		Usage: "engines with all their parts: databases, search server, documents, directories",
		Description: `A system is an engine with everything that its state lies in. Its section in
ivyvault.yaml says what that is.

Example:
  ivyvault system discover /opt/axonivy`,
		Subcommands: []*cli.Command{systemDiscoverCommand(), systemPlanCommand(), systemStatusCommand(), systemTimerCommand(), systemRunbookCommand(), systemResumeCommand()},
	}
}
