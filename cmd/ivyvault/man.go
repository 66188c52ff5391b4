package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
)

func manCommand() *cli.Command {
	return &cli.Command{
		Name:      "man",
		Usage:     "write the man pages",
		ArgsUsage: "DIR",
		Description: `Writes a man page for the program and one for each verb into DIR, made from the
same text as --help.

Example:
  ivyvault man /usr/local/share/man/man1`,
		Before: func(c *cli.Context) error { return wantArgs(c, 1, 1) },
		Action: func(c *cli.Context) error {
			_, out, err := begin(c)
			if err != nil {
				return err
			}
			dir := c.Args().First()
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			pages := manPages(c.App)
			names := []string{}
			for _, p := range pages {
				if err := os.WriteFile(filepath.Join(dir, p.name), []byte(p.text), 0o644); err != nil {
					return err
				}
				names = append(names, p.name)
			}
			return out.summary(struct {
				Dir   string   `json:"dir"`
				Pages []string `json:"pages"`
			}{dir, names}, func(w io.Writer) { fmt.Fprintf(w, "wrote %d pages to %s\n", len(names), showPath(dir)) })
		},
	}
}

// manPage is a page with the name of its file.
type manPage struct{ name, text string }

// manPages returns all pages: of the program, then of the verbs.
func manPages(app *cli.App) []manPage {
	pages := []manPage{{"ivyvault.1", manOfApp(app)}}
	for _, c := range app.Commands {
		if c.Hidden {
			continue
		}
		pages = append(pages, manPage{"ivyvault-" + c.Name + ".1", manOfVerb(c)})
	}
	return pages
}

// roff escapes a text for a man page.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	var lines []string
	for _, l := range strings.Split(s, "\n") {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			l = `\&` + l
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n")
}

func manHead(b *strings.Builder, name, usage string) {
	fmt.Fprintf(b, ".TH %s 1 \"\" \"IvyVault\" \"User Commands\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(name)), roff(name), roff(usage))
}

func manOfApp(app *cli.App) string {
	var b strings.Builder
	manHead(&b, "ivyvault", app.Usage)
	b.WriteString(".SH SYNOPSIS\n.B ivyvault\n.I VERB\n[flags] [arguments]\n.SH VERBS\n")
	for _, c := range app.Commands {
		if !c.Hidden {
			fmt.Fprintf(&b, ".TP\n.BR ivyvault\\-%s (1)\n%s\n", roff(c.Name), roff(c.Usage))
		}
	}
	b.WriteString(".SH GLOBAL FLAGS\n")
	manFlags(&b, globalFlags(), globalCategory)
	manExits(&b)
	return b.String()
}

func manOfVerb(c *cli.Command) string {
	var b strings.Builder
	manHead(&b, "ivyvault-"+c.Name, c.Usage)
	b.WriteString(".SH SYNOPSIS\n")
	subs := c.Subcommands
	if len(subs) == 0 {
		fmt.Fprintf(&b, ".B ivyvault %s\n[flags] %s\n", c.Name, roff(c.ArgsUsage))
	}
	for i, s := range subs {
		if i > 0 {
			b.WriteString(".br\n")
		}
		fmt.Fprintf(&b, ".B ivyvault %s %s\n[flags] %s\n", c.Name, s.Name, roff(s.ArgsUsage))
	}
	manDescription(&b, c.Description, "DESCRIPTION", "EXAMPLE")
	if len(subs) == 0 {
		b.WriteString(".SH FLAGS\n")
		manFlags(&b, c.Flags, "")
	}
	for _, s := range subs {
		fmt.Fprintf(&b, ".SH IVYVAULT %s %s\n%s.\n", strings.ToUpper(c.Name), strings.ToUpper(s.Name), roff(s.Usage))
		manDescription(&b, s.Description, "", "")
		manFlags(&b, s.Flags, "")
	}
	b.WriteString(".SH GLOBAL FLAGS\n")
	manFlags(&b, globalFlags(), globalCategory)
	manExits(&b)
	b.WriteString(".SH SEE ALSO\n.BR ivyvault (1)\n")
	return b.String()
}

// manDescription prints paragraphs and the example that ends a description.
func manDescription(b *strings.Builder, text, title, exampleTitle string) {
	prose, example, _ := strings.Cut(text, "\nExample:\n")
	if title != "" {
		fmt.Fprintf(b, ".SH %s\n", title)
	} else {
		b.WriteString(".PP\n")
	}
	for i, p := range strings.Split(strings.TrimSpace(prose), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(p) + "\n")
	}
	if example == "" {
		return
	}
	if exampleTitle != "" {
		fmt.Fprintf(b, ".SH %s\n", exampleTitle)
	} else {
		b.WriteString(".PP\nExample:\n")
	}
	b.WriteString(".PP\n.nf\n" + roff(strings.TrimRight(example, "\n")) + "\n.fi\n")
}

func manFlags(b *strings.Builder, flags []cli.Flag, category string) {
	for _, row := range flagRows(flags, category) {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(row[0])), roff(row[1]))
	}
}

func manExits(b *strings.Builder) {
	b.WriteString(".SH EXIT CODES\n")
	for _, line := range strings.Split(strings.TrimSpace(exitText), "\n") {
		code, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", code, roff(strings.TrimSpace(what)))
	}
}
