package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/system"
)

func systemPlanCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "show how a system would be captured and restored, and why so",
		ArgsUsage: "NAME",
		Description: `Prints the stages in which a backup would capture the parts of the system, their
order and its reason, what runs before and after, what is not covered, and the
order of a restore. Nothing is captured.

Example:
  ivyvault system plan claims`,
		Flags:  []cli.Flag{configFlag(), &cli.BoolFlag{Name: "instance", Usage: "the plan for 'backup --instance'"}},
		Before: func(c *cli.Context) error { return wantArgs(c, 1, 1) },
		Action: func(c *cli.Context) error {
			s, err := loadSystem(c, c.Args().First())
			if err != nil {
				return err
			}
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			p, mask, err := s.plan(c.Context, g, out, c.Bool("instance"))
			if err != nil {
				return maskError(mask, err)
			}
			view := system.Describe(p)
			return out.report(view, func(w io.Writer) { printPlan(w, view) })
		},
	}
}

func printPlan(w io.Writer, p system.PlanView) {
	of := strings.TrimSpace(cmp.Or(p.Product, p.Type) + " " + p.Version)
	fmt.Fprintf(w, "system %s: %s, captured %s\n", p.System, of, p.Mode)
	list := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(w, "\n%s\n", title)
		for _, l := range lines {
			fmt.Fprintf(w, "  %s\n", l)
		}
	}
	list("before:", p.Before)
	if p.Stop != "" {
		list("the system is stopped by", []string{p.Stop})
	}
	list("looked at:", p.Checks)
	for i, s := range p.Stages {
		fmt.Fprintf(w, "\nstage %d, %s: %s\n", i+1, s.Name, s.Why)
		for _, x := range s.Parts {
			fmt.Fprintf(w, "  %-32s %s: %s\n", x.Path, x.Kind, x.What)
		}
	}
	list("compared at the end:", p.Compare)
	if p.Start != "" {
		list("the system is started by", []string{p.Start})
	}
	list("after, whatever happened:", p.After)
	list("NOT covered:", p.Uncovered)
	list("to be known:", p.Notes)
	list("a restore goes in this order:", p.Restore)
}
