package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// commandLine is an understood command line.
type commandLine struct {
	args []string       // for the cli package: verbs, then flags, then "--" and the rest
	path []*cli.Command // the verb, and the one below it
	help bool
	json bool // errors are to be one line of JSON
}

// arrange brings a command line into the order that the cli package wants, so
// that flags may stand before and after other arguments, short ones together.
// It finds verbs and flags that don't exist, and names the nearest that do.
func arrange(app *cli.App, args []string) (commandLine, error) {
	l := commandLine{json: slices.Contains(args, "--json")}
	var flags, rest []string
	at := app.Commands
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if len(a) > 1 && a[0] == '-' {
			if a == "-h" || a == "--help" {
				l.help = true
				continue
			}
			if a == "--version" && len(l.path) == 0 {
				a, at = "version", app.Commands
			} else {
				out, takesNext, err := readFlag(app, l.path, a)
				if err != nil {
					return l, err
				}
				if takesNext {
					if i++; i == len(args) {
						return l, usageError(l.verb(), "%s needs a value", a)
					}
					out = append(out, args[i])
				}
				flags = append(flags, out...)
				continue
			}
		}
		if len(at) == 0 {
			rest = append(rest, a)
			continue
		}
		if a == "help" && len(l.path) == 0 {
			l.help = true
			continue
		}
		c := commandNamed(at, a)
		if c == nil {
			return l, usageError(l.verb(), "there is no %q%s", strings.TrimSpace(l.verb()+" "+a), nearest(a, commandNames(at)))
		}
		l.path = append(l.path, c)
		at = c.Subcommands
	}
	if len(l.path) == 0 {
		l.help = true
		return l, nil
	}
	if len(at) > 0 && !l.help {
		return l, usageError(l.verb(), "say which: %s", strings.Join(commandNames(at), ", "))
	}
	l.args = []string{app.Name}
	for _, c := range l.path {
		l.args = append(l.args, c.Name)
	}
	l.args = append(append(l.args, flags...), "--")
	l.args = append(l.args, rest...)
	return l, nil
}

// verb returns the words of the verb, for messages.
func (l *commandLine) verb() string {
	var words []string
	for _, c := range l.path {
		words = append(words, c.Name)
	}
	return strings.Join(words, " ")
}

// readFlag understands one argument that begins with a dash. takesNext is true
// where the next argument is its value.
func readFlag(app *cli.App, path []*cli.Command, a string) (out []string, takesNext bool, err error) {
	known := globalFlags()
	verb := ""
	if len(path) > 0 {
		last := path[len(path)-1]
		verb = (&commandLine{path: path}).verb()
		if len(last.Subcommands) == 0 {
			known = last.Flags
		}
	}
	if !strings.HasPrefix(a, "--") {
		return readShort(known, verb, a)
	}
	name, _, given := strings.Cut(a[2:], "=")
	f := findFlag(known, name)
	if f == nil || len(name) == 1 {
		return nil, false, usageError(verb, "there is no flag --%s%s", name, nearest("--"+name, flagNames(known)))
	}
	return []string{a}, takesValue(f) && !given, nil
}

// readShort understands "-v", "-qv", "-rPATH", "-r=PATH".
func readShort(known []cli.Flag, verb, a string) (out []string, takesNext bool, err error) {
	// "-exclude" would be read as -e with the value "xclude": nobody means that.
	if word, _, _ := strings.Cut(a[1:], "="); len(word) > 1 && findFlag(known, word) != nil {
		return nil, false, usageError(verb, "there is no flag -%s; did you mean --%s?", word, word)
	}
	for i := 1; i < len(a); i++ {
		f := findFlag(known, a[i:i+1])
		if f == nil {
			return nil, false, usageError(verb, "there is no flag -%s", a[i:i+1])
		}
		if !takesValue(f) {
			out = append(out, a[:1]+a[i:i+1])
			continue
		}
		if value := strings.TrimPrefix(a[i+1:], "="); value != "" {
			return append(out, "-"+a[i:i+1], value), false, nil
		}
		return append(out, "-"+a[i:i+1]), true, nil
	}
	return out, false, nil
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

func findFlag(known []cli.Flag, name string) cli.Flag {
	for _, f := range known {
		for _, n := range f.Names() {
			if n == name {
				return f
			}
		}
	}
	return nil
}

func commandNamed(all []*cli.Command, name string) *cli.Command {
	for _, c := range all {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

func commandNames(all []*cli.Command) []string {
	var names []string
	for _, c := range all {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

func flagNames(all []cli.Flag) []string {
	var names []string
	for _, f := range all {
		for _, n := range f.Names() {
			if len(n) > 1 {
				names = append(names, "--"+n)
			}
		}
	}
	return names
}
