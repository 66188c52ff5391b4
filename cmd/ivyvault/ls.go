package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"ivyvault/repo/ls"
	"ivyvault/repo/pick"
)

type lsOptions struct {
	filter    pick.Filter
	snapshot  string
	paths     []string
	long      bool
	recursive bool
}

func lsCommand() *cli.Command {
	var o lsOptions
	return &cli.Command{
		Name:      "ls",
		Usage:     "list what is in a snapshot",
		ArgsUsage: "SNAPSHOT[:PATH] [PATH...]",
		Description: `Lists everything in the snapshot, or what is in the directories that are named,
with --recursive all that is below them. SNAPSHOT is an id, its beginning,
latest, or latest~2 for the third newest.

Example:
  ivyvault ls -l latest /srv/ivy/documents`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "long", Aliases: []string{"l"}, Usage: "show mode, owner, size and time"},
			&cli.BoolFlag{Name: "recursive", Aliases: []string{"R"}, Usage: "list all that is below the directories, too"},
		}, filterFlags()...),
		Before: func(c *cli.Context) (err error) {
			if err := wantArgs(c, 1, -1); err != nil {
				return err
			}
			o = lsOptions{long: c.Bool("long"), recursive: c.Bool("recursive"), paths: c.Args().Tail()}
			var below string
			o.snapshot, below = cutSubpath(c.Args().First())
			switch {
			case below != "":
				o.paths = append(o.paths, below)
			case len(o.paths) == 0:
				o.paths, o.recursive = []string{""}, true
			}
			o.filter, err = readFilter(c)
			return err
		},
		Action: func(c *cli.Context) error { return runLs(c, o) },
	}
}

func runLs(c *cli.Context, o lsOptions) error {
	ctx := c.Context
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	r, err := openRepo(ctx, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := findSnapshot(ctx, r, o.snapshot, o.filter)
	if err != nil {
		return err
	}
	list := newListPrinter(out, "snapshot", viewOf(s), "entries")
	for _, p := range o.paths {
		err := ls.Run(ctx, r, s, ls.Options{Path: p, Recursive: o.recursive}, func(e ls.Entry) error {
			if o.long {
				return list.print(e, func(w io.Writer) { printLong(w, e) })
			}
			return list.print(e, func(w io.Writer) { fmt.Fprintln(w, showPath(e.Raw)) })
		})
		if err != nil {
			return errors.Join(err, list.flush())
		}
	}
	return list.end()
}

func printLong(w io.Writer, e ls.Entry) {
	owner, group, length := e.User, e.Group, "-"
	if owner == "" {
		owner = fmt.Sprint(e.UID)
	}
	if group == "" {
		group = fmt.Sprint(e.GID)
	}
	if e.Size != nil {
		length = fmt.Sprint(*e.Size)
	}
	fmt.Fprintf(w, "%s %8s %8s %12s %s %s", modeText(e), showPath(owner), showPath(group), length, when(e.MTime), showPath(e.Raw))
	if e.RawLink != "" {
		fmt.Fprintf(w, " -> %s", showPath(e.RawLink))
	}
	fmt.Fprintln(w)
}

// modeText shows a mode in ten letters, as ls does.
func modeText(e ls.Entry) string {
	kind := map[string]string{"file": "-", "dir": "d", "symlink": "l", "fifo": "p", "chardev": "c", "dev": "b", "socket": "s"}[e.Type]
	var bits uint32
	fmt.Sscanf(e.Mode, "%o", &bits)
	var b strings.Builder
	b.WriteString(kind)
	for i, special := range []struct {
		bit   uint32
		x, no byte
	}{{0o4000, 's', 'S'}, {0o2000, 's', 'S'}, {0o1000, 't', 'T'}} {
		three := bits >> (6 - 3*i)
		for j, letter := range []byte("rw") {
			if three&(4>>j) == 0 {
				letter = '-'
			}
			b.WriteByte(letter)
		}
		switch x := three&1 != 0; {
		case bits&special.bit != 0 && x:
			b.WriteByte(special.x)
		case bits&special.bit != 0:
			b.WriteByte(special.no)
		case x:
			b.WriteByte('x')
		default:
			b.WriteByte('-')
		}
	}
	return b.String()
}

// listPrinter prints a list that may be too long to hold: as lines, or as one
// JSON object {head…, name: [entries]}.
type listPrinter struct {
	json   bool
	w      *bufio.Writer
	count  int
	open   string // what stands before the first entry
	closed bool   // a field follows the list
}

func newListPrinter(out *console, headName string, head any, name string) *listPrinter {
	p := &listPrinter{json: out.json, w: bufio.NewWriterSize(out.out, 64<<10)}
	if p.json {
		var b strings.Builder
		b.WriteString("{")
		if headName != "" {
			fmt.Fprintf(&b, "%q:", headName)
			_ = printJSON(&b, head) // a Builder never fails, and what is printed always encodes
		}
		p.open = strings.TrimSuffix(b.String(), "\n")
		if headName != "" {
			p.open += ","
		}
		p.open += fmt.Sprintf("%q:[", name)
	}
	return p
}

func (p *listPrinter) print(value any, text func(w io.Writer)) error {
	if !p.json {
		text(p.w)
		return nil
	}
	if p.count == 0 {
		fmt.Fprint(p.w, p.open)
	} else {
		fmt.Fprint(p.w, ",")
	}
	p.count++
	return printJSON(p.w, value)
}

// flush writes out what was printed so far.
func (p *listPrinter) flush() error { return p.w.Flush() }

// field adds a value behind the list; the list takes no more entries then.
func (p *listPrinter) field(name string, value any) error {
	if p.count == 0 {
		fmt.Fprint(p.w, p.open)
	}
	p.count++
	p.closed = true
	fmt.Fprintf(p.w, "],%q:", name)
	return printJSON(p.w, value)
}

// end prints what closes the list.
func (p *listPrinter) end() error {
	if p.json {
		if p.count == 0 {
			fmt.Fprint(p.w, p.open)
		}
		if !p.closed {
			fmt.Fprint(p.w, "]")
		}
		fmt.Fprintln(p.w, "}")
	}
	return p.w.Flush()
}
