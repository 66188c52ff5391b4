package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

func debugCommand() *cli.Command {
	return &cli.Command{
		Name:  "debug",
		Usage: "look at stored objects as such",
		Description: `Shows what the repository consists of, for people who want to find out what is
wrong with it. Nothing is changed.

Example:
  ivyvault debug list packs`,
		Subcommands: []*cli.Command{debugListCommand(), debugObjectCommand(), debugLogCommand(), debugStateCommand(), debugLocateCommand()},
	}
}

// withRepo opens the repository for an action.
func withRepo(c *cli.Context, do func(*repo.Repo, *console) error) error {
	g, out, err := begin(c)
	if err != nil {
		return err
	}
	r, err := openRepo(c.Context, g, out)
	if err != nil {
		return err
	}
	defer r.Close()
	return do(r, out)
}

// objectView is a stored object as JSON shows it.
type objectView struct {
	Type string `json:"type"`
	Name string `json:"name"`
	Size int64  `json:"size"`
}

func debugListCommand() *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list the stored objects of a type, or of all",
		ArgsUsage: "[TYPE]",
		Description: `Lists names and sizes of the objects of the types config, keys, log, snapshots,
index and packs.

Example:
  ivyvault debug list index`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 1) },
		Action: func(c *cli.Context) error {
			types := store.Types[:]
			if c.NArg() == 1 {
				t, err := objectType(c.Args().First())
				if err != nil {
					return err
				}
				types = []store.Type{t}
			}
			return withRepo(c, func(r *repo.Repo, out *console) error {
				list := newListPrinter(out, "", nil, "objects")
				for _, t := range types {
					err := r.Store().List(c.Context, t, func(i store.Info) error {
						v := objectView{string(i.Name.Type), i.Name.Name, i.Size}
						return list.print(v, func(w io.Writer) { fmt.Fprintf(w, "%12d  %s\n", i.Size, showPath(i.Name.String())) })
					})
					if err != nil {
						return errors.Join(err, list.flush())
					}
				}
				return list.end()
			})
		},
	}
}

func objectType(s string) (store.Type, error) {
	var names []string
	for _, t := range store.Types {
		if string(t) == s {
			return t, nil
		}
		names = append(names, string(t))
	}
	return "", usageError("debug", "there is no type of object %q%s", s, nearest(s, names))
}

func debugObjectCommand() *cli.Command {
	return &cli.Command{
		Name:      "object",
		Usage:     "show an object's head, and whether its bytes have its name",
		ArgsUsage: "TYPE [ID]",
		Description: `Reads the object as it is stored and says what its first bytes tell; with --raw
its bytes go to standard output.

Example:
  ivyvault debug object packs 3f2a9c01`,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "raw", Usage: "write the object's bytes to standard output"}},
		Before: func(c *cli.Context) error { return wantArgs(c, 1, 2) },
		Action: func(c *cli.Context) error {
			t, err := objectType(c.Args().First())
			if err != nil {
				return err
			}
			return withRepo(c, func(r *repo.Repo, out *console) error { return showObject(c, r, out, t) })
		},
	}
}

func showObject(c *cli.Context, r *repo.Repo, out *console, t store.Type) error {
	name := store.Name{Type: t, Name: c.Args().Get(1)}
	named := t != store.Config && t != store.Log
	switch {
	case t == store.Log:
		var n uint64
		if _, err := fmt.Sscanf(name.Name, "%d", &n); err != nil {
			return usageError("debug object", "give the number of the log entry")
		}
		name = log.ObjectName(n)
	case named:
		n, err := r.FindObject(c.Context, t, name.Name)
		if err != nil {
			return err
		}
		name.Name = n.String()
	}
	data, err := r.Store().Get(c.Context, name, 0, -1)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no object %s", name)
	}
	if err != nil {
		return err
	}
	if c.Bool("raw") {
		_, err := out.out.Write(data)
		return err
	}
	hash := repo.Name(seal.ObjectName(data))
	view := struct {
		objectView
		Hash    repo.Name `json:"blake3"`
		Matches *bool     `json:"name_matches,omitempty"` // left out where the name is no hash
		Head    string    `json:"head,omitempty"`         // what is wrong with it
		Version int       `json:"version"`
		Kind    int       `json:"kind"`
	}{objectView: objectView{string(t), name.Name, int64(len(data))}, Hash: hash}
	if len(data) >= seal.HeadSize {
		view.Version, view.Kind = int(data[8]), int(data[9])
		if err := seal.CheckHead(data, seal.Kind(data[9])); err != nil {
			view.Head = err.Error()
		}
	} else {
		view.Head = "it is too short for a head"
	}
	if named {
		same := hash.String() == name.Name
		view.Matches = &same
	}
	err = out.report(view, func(w io.Writer) { printIndented(w, view) })
	if view.Matches != nil && !*view.Matches {
		err = errors.Join(err, &chunk.DamageError{What: name.String(), How: "its bytes do not have its name"})
	}
	return err
}

func debugLogCommand() *cli.Command {
	return &cli.Command{
		Name:  "log",
		Usage: "show all entries of the log",
		Description: `Shows what happened in the repository, oldest first. An entry that can't be read
is named, and those after it are shown.

Example:
  ivyvault debug log`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 0) },
		Action: func(c *cli.Context) error {
			return withRepo(c, func(r *repo.Repo, out *console) error {
				list := newListPrinter(out, "", nil, "entries")
				var failed error
				for n := uint64(0); n <= r.State().Head().Number; n++ {
					e, err := r.LogEntry(c.Context, n)
					if err != nil {
						failed = errors.Join(failed, err)
						if c.Context.Err() != nil {
							break
						}
						continue
					}
					v := viewOfEntry(e)
					err = list.print(v, func(w io.Writer) {
						fmt.Fprintf(w, "%6d  %s  %-6s by %s %x\n", v.Number, when(v.Time), v.Type, v.Role, v.Signer[:4])
					})
					if err != nil {
						return err
					}
				}
				return errors.Join(failed, list.end())
			})
		},
	}
}

func debugStateCommand() *cli.Command {
	return &cli.Command{
		Name:  "state",
		Usage: "show what lives, as the log says",
		Description: `Shows the snapshots, index files, marked packs and running backups that the log
knows of.

Example:
  ivyvault debug state`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 0) },
		Action: func(c *cli.Context) error {
			return withRepo(c, func(r *repo.Repo, out *console) error {
				s := r.State()
				view := struct {
					Head uint64    `json:"head"`
					Hash repo.Name `json:"hash"`
					Live any       `json:"live"`
				}{s.Head().Number, s.Head().Hash, bodyView(log.Whole{Snapshots: s.Snapshots(), Index: s.Index(), Marks: s.Marks(), Keeps: s.Keeps()})}
				return out.report(view, func(w io.Writer) { printIndented(w, view) })
			})
		},
	}
}

func debugLocateCommand() *cli.Command {
	return &cli.Command{
		Name:      "locate",
		Usage:     "show where a chunk is stored",
		ArgsUsage: "data|page|list ID",
		Description: `Shows all packs that hold the chunk, as the index says.

Example:
  ivyvault debug locate page 5f1c…`,
		Before: func(c *cli.Context) error { return wantArgs(c, 2, 2) },
		Action: func(c *cli.Context) error {
			kinds := map[string]chunk.Kind{"data": chunk.Data, "page": chunk.Page, "list": chunk.List}
			kind, ok := kinds[c.Args().First()]
			if !ok {
				return usageError("debug locate", "a chunk's kind is data, page or list")
			}
			return withRepo(c, func(r *repo.Repo, out *console) error {
				ref, err := findChunk(c.Context, r, kind, c.Args().Get(1))
				if err != nil {
					return err
				}
				places, err := r.Locate(c.Context, kind, ref.ID)
				if err != nil {
					return err
				}
				type place struct {
					Pack    repo.Name `json:"pack"`
					Ordinal uint32    `json:"ordinal"`
					Offset  int64     `json:"offset"`
					Stored  uint32    `json:"stored"`
					Size    uint32    `json:"size"`
					Signer  repo.Name `json:"signer"`
				}
				var views []place
				for _, p := range places {
					views = append(views, place{p.Pack, p.Ordinal, p.Offset, p.Stored, p.Size, p.Signer})
				}
				return out.report(views, func(w io.Writer) { printIndented(w, views) })
			})
		},
	}
}
