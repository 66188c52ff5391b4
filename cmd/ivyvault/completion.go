package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes verbs and flags in a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: `Prints the script for the shell that is named. Put it where the shell looks for
such scripts.

Example:
  ivyvault completion bash > /etc/bash_completion.d/ivyvault
  ivyvault completion zsh > "${fpath[1]}/_ivyvault"
  ivyvault completion fish > ~/.config/fish/completions/ivyvault.fish`,
		Before: func(c *cli.Context) error { return wantArgs(c, 1, 1) },
		Action: func(c *cli.Context) error {
			_, out, err := begin(c)
			if err != nil {
				return err
			}
			scripts := map[string]func(*cli.App) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}
			make, ok := scripts[c.Args().First()]
			if !ok {
				return usageError("completion", "there is no script for %q: bash, zsh or fish", c.Args().First())
			}
			script := make(c.App)
			return out.report(struct {
				Shell  string `json:"shell"`
				Script string `json:"script"`
			}{c.Args().First(), script}, func(w io.Writer) { io.WriteString(w, script) })
		},
	}
}

// leaf is a verb that does something, with the words that call it.
type leaf struct {
	words string
	c     *cli.Command
}

func leaves(all []*cli.Command) []leaf {
	var out []leaf
	for _, c := range all {
		if c.Hidden {
			continue
		}
		if len(c.Subcommands) == 0 {
			out = append(out, leaf{c.Name, c})
		}
		for _, s := range c.Subcommands {
			out = append(out, leaf{c.Name + " " + s.Name, s})
		}
	}
	return out
}

// longFlags returns "--name" and "-n" of all flags.
func longFlags(flags []cli.Flag) []string {
	var out []string
	for _, f := range flags {
		for _, n := range f.Names() {
			if len(n) == 1 {
				out = append(out, "-"+n)
			} else {
				out = append(out, "--"+n)
			}
		}
	}
	return append(out, "--help")
}

// valueFlags returns those flags after which comes a value.
func valueFlags(flags []cli.Flag) []string {
	var out []string
	for _, f := range flags {
		if takesValue(f) {
			out = append(out, longFlags([]cli.Flag{f})[:len(f.Names())]...)
		}
	}
	return out
}

func bashScript(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# completes ivyvault in bash\n_ivyvault() {\n")
	b.WriteString("    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb='' sub='' w i flags='' values=''\n")
	b.WriteString("    COMPREPLY=()\n")
	fmt.Fprintf(&b, "    local globals=' %s '\n", strings.Join(valueFlags(globalFlags()), " "))
	b.WriteString(`    for ((i = 1; i < COMP_CWORD; i++)); do
        w=${COMP_WORDS[i]}
        case $w in
        -*) [[ $globals == *" $w "* && -z $verb ]] && ((i++)) ;;
        *) if [[ -z $verb ]]; then verb=$w; elif [[ -z $sub ]]; then sub=$w; fi ;;
        esac
    done
    case $verb in
`)
	fmt.Fprintf(&b, "    '') COMPREPLY=($(compgen -W '%s %s' -- \"$cur\")); return ;;\n", strings.Join(commandNames(app.Commands), " "), strings.Join(longFlags(globalFlags()), " "))
	for _, c := range app.Commands {
		if c.Hidden {
			continue
		}
		if len(c.Subcommands) == 0 {
			fmt.Fprintf(&b, "    %s) flags='%s'; values=' %s ' ;;\n", c.Name, strings.Join(longFlags(c.Flags), " "), strings.Join(valueFlags(c.Flags), " "))
			continue
		}
		fmt.Fprintf(&b, "    %s) case $sub in\n", c.Name)
		fmt.Fprintf(&b, "        '') COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", strings.Join(commandNames(c.Subcommands), " "))
		for _, s := range c.Subcommands {
			fmt.Fprintf(&b, "        %s) flags='%s'; values=' %s ' ;;\n", s.Name, strings.Join(longFlags(s.Flags), " "), strings.Join(valueFlags(s.Flags), " "))
		}
		b.WriteString("        esac ;;\n")
	}
	b.WriteString(`    esac
    if [[ $cur == -* && $values != *" $prev "* ]]; then
        COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    else
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}
complete -F _ivyvault ivyvault
`)
	return b.String()
}

// zshQuote makes a text safe within single quotes of a zsh completion.
func zshQuote(s string) string {
	return strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(s)
}

func zshScript(app *cli.App) string {
	var b strings.Builder
	b.WriteString("#compdef ivyvault\n# completes ivyvault in zsh\n\n_ivyvault() {\n    local -a verbs\n    local context state line\n    verbs=(\n")
	for _, c := range app.Commands {
		if !c.Hidden {
			fmt.Fprintf(&b, "        '%s:%s'\n", c.Name, zshQuote(c.Usage))
		}
	}
	b.WriteString("    )\n    _arguments -C \\\n")
	for _, f := range globalFlags() {
		b.WriteString(zshFlag(f, "        "))
	}
	b.WriteString("        '1: :->verb' \\\n        '*:: :->rest'\n    case $state in\n    verb) _describe verb verbs ;;\n    rest)\n        case $words[1] in\n")
	for _, c := range app.Commands {
		if c.Hidden {
			continue
		}
		fmt.Fprintf(&b, "        %s)\n", c.Name)
		if len(c.Subcommands) == 0 {
			b.WriteString(zshArguments(c.Flags, "            "))
		} else {
			b.WriteString("            local -a subs\n            subs=(")
			for _, s := range c.Subcommands {
				fmt.Fprintf(&b, "'%s:%s' ", s.Name, zshQuote(s.Usage))
			}
			b.WriteString(")\n            if (( CURRENT == 2 )); then _describe verb subs; else\n            case $words[2] in\n")
			for _, s := range c.Subcommands {
				fmt.Fprintf(&b, "            %s)\n%s                ;;\n", s.Name, zshArguments(s.Flags, "                "))
			}
			b.WriteString("            esac\n            fi\n")
		}
		b.WriteString("            ;;\n")
	}
	b.WriteString("        esac ;;\n    esac\n}\n\n_ivyvault \"$@\"\n")
	return b.String()
}

func zshArguments(flags []cli.Flag, indent string) string {
	var b strings.Builder
	b.WriteString(indent + "_arguments \\\n")
	for _, f := range flags {
		b.WriteString(zshFlag(f, indent+"    "))
	}
	b.WriteString(indent + "    '*:file:_files'\n")
	return b.String()
}

func zshFlag(f cli.Flag, indent string) string {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	value, usage := placeholder(d)
	var b strings.Builder
	for _, n := range longFlags([]cli.Flag{f})[:len(f.Names())] {
		fmt.Fprintf(&b, "%s'*%s[%s]", indent, n, zshQuote(usage))
		if value != "" {
			fmt.Fprintf(&b, ":%s:_files", zshQuote(strings.ToLower(value)))
		}
		b.WriteString("' \\\n")
	}
	return b.String()
}

func fishScript(app *cli.App) string {
	var b strings.Builder
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }
	flag := func(condition string, f cli.Flag) {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			return
		}
		value, usage := placeholder(d)
		fmt.Fprintf(&b, "complete -c ivyvault -n %s", quote(condition))
		for _, n := range f.Names() {
			if len(n) == 1 {
				fmt.Fprintf(&b, " -s %s", n)
			} else {
				fmt.Fprintf(&b, " -l %s", n)
			}
		}
		if value != "" {
			b.WriteString(" -r")
		}
		fmt.Fprintf(&b, " -d %s\n", quote(usage))
	}
	b.WriteString("# completes ivyvault in fish\n")
	for _, c := range app.Commands {
		if !c.Hidden {
			fmt.Fprintf(&b, "complete -c ivyvault -f -n __fish_use_subcommand -a %s -d %s\n", c.Name, quote(c.Usage))
		}
	}
	for _, f := range globalFlags() {
		flag("__fish_use_subcommand", f)
	}
	for _, l := range leaves(app.Commands) {
		words := strings.Fields(l.words)
		condition := "__fish_seen_subcommand_from " + words[0]
		if len(words) == 2 {
			fmt.Fprintf(&b, "complete -c ivyvault -f -n %s -a %s -d %s\n", quote(condition), words[1], quote(l.c.Usage))
			condition += "; and __fish_seen_subcommand_from " + words[1]
		}
		for _, f := range l.c.Flags {
			flag(condition, f)
		}
	}
	return b.String()
}
