package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// printHelp prints the help of a verb, or of the program.
func printHelp(w io.Writer, app *cli.App, path []*cli.Command) error {
	text := appHelp(app)
	if len(path) > 0 {
		text = commandHelp(path)
	}
	_, err := io.WriteString(w, text)
	return err
}

func appHelp(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ivyvault: %s\n\nUsage:\n  ivyvault VERB [flags] [arguments]\n\nVerbs:\n", app.Usage)
	rows := make([][2]string, 0, len(app.Commands))
	for _, c := range app.Commands {
		rows = append(rows, [2]string{c.Name, c.Usage})
	}
	columns(&b, rows)
	b.WriteString("\nGlobal flags, before or after the verb:\n")
	columns(&b, flagRows(globalFlags(), globalCategory))
	b.WriteString("\nExit codes:\n" + exitText + "\n'ivyvault VERB --help' tells more of a verb and shows an example.\n")
	return b.String()
}

func commandHelp(path []*cli.Command) string {
	c := path[len(path)-1]
	words := (&commandLine{path: path}).verb()
	var b strings.Builder
	fmt.Fprintf(&b, "ivyvault %s: %s\n\nUsage:\n", words, c.Usage)
	if len(c.Subcommands) == 0 {
		fmt.Fprintf(&b, "  ivyvault %s\n", strings.TrimSpace(words+" [flags] "+c.ArgsUsage))
	}
	for _, s := range c.Subcommands {
		fmt.Fprintf(&b, "  ivyvault %s\n", strings.TrimSpace(words+" "+s.Name+" [flags] "+s.ArgsUsage))
	}
	fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(c.Description))
	if len(c.Subcommands) > 0 {
		b.WriteString("\nVerbs:\n")
		rows := make([][2]string, 0, len(c.Subcommands))
		for _, s := range c.Subcommands {
			rows = append(rows, [2]string{s.Name, s.Usage})
		}
		columns(&b, rows)
		return b.String()
	}
	if own := flagRows(c.Flags, ""); len(own) > 0 {
		b.WriteString("\nFlags:\n")
		columns(&b, own)
	}
	b.WriteString("\nGlobal flags:\n")
	columns(&b, flagRows(c.Flags, globalCategory))
	return b.String()
}

// exitText explains the exit codes; help and man pages show it.
const exitText = `  0    done
  1    failed, or wrong usage
  3    done, but some files could not be read or written; each was named
  10   there is no repository at that place
  11   held by another process
  12   wrong password, or a key whose role does not allow it
  13   damage was found
  130  interrupted
`

// flagRows returns the flags of a category with their usage, for two columns.
func flagRows(flags []cli.Flag, category string) [][2]string {
	var rows [][2]string
	for _, f := range flags {
		if cf, ok := f.(cli.CategorizableFlag); !ok || cf.GetCategory() != category {
			continue
		}
		d, ok := f.(cli.DocGenerationFlag)
		if v, isVisible := f.(cli.VisibleFlag); !ok || isVisible && !v.IsVisible() {
			continue
		}
		value, usage := placeholder(d)
		rows = append(rows, [2]string{flagWords(f.Names(), value), usage})
	}
	return rows
}

// flagWords shows a flag as "-r, --repo REPOSITORY".
func flagWords(names []string, value string) string {
	short, long := "    ", ""
	for _, n := range names {
		if len(n) == 1 {
			short = "-" + n + ", "
		} else if long == "" {
			long = "--" + n
		}
	}
	if long == "" {
		short = strings.TrimSuffix(short, ", ")
	}
	if value != "" {
		long += " " + value
	}
	return short + long
}

// placeholder takes the word in back quotes out of a flag's usage: it names the
// flag's value.
func placeholder(d cli.DocGenerationFlag) (value, usage string) {
	usage = d.GetUsage() + defaultText(d)
	before, rest, ok := strings.Cut(usage, "`")
	if word, after, closed := strings.Cut(rest, "`"); ok && closed {
		return word, before + word + after
	}
	if d.TakesValue() {
		return "VALUE", usage
	}
	return "", usage
}

// defaultText shows what a flag is worth that is not given.
func defaultText(f cli.DocGenerationFlag) string {
	switch f := f.(type) {
	case *cli.StringFlag:
		if f.Value != "" {
			return " (default: " + f.Value + ")"
		}
	case *cli.DurationFlag:
		return " (default: " + strings.TrimSuffix(f.Value.String(), "0m0s") + ")"
	case *cli.IntFlag:
		if f.Value != 0 {
			return fmt.Sprintf(" (default: %d)", f.Value)
		}
	}
	return ""
}

// columns prints rows as two columns; long texts are broken at 100 letters.
func columns(b *strings.Builder, rows [][2]string) {
	width := 0
	for _, r := range rows {
		width = max(width, min(len(r[0]), 34))
	}
	for _, r := range rows {
		fmt.Fprintf(b, "  %-*s", width, r[0])
		if len(r[0]) > width {
			fmt.Fprintf(b, "\n  %*s", width, "")
		}
		line := 0
		for _, word := range strings.Fields(r[1]) {
			if line > 0 && width+4+line+1+len(word) > 100 {
				fmt.Fprintf(b, "\n  %*s", width, "")
				line = 0
			}
			if line == 0 {
				b.WriteString("  " + word)
			} else {
				b.WriteString(" " + word)
			}
			line += len(word) + 1
		}
		b.WriteByte('\n')
	}
}
