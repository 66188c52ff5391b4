package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ivyvault/repo"
	"ivyvault/repo/seal"
)

func keyCommand() *cli.Command {
	return &cli.Command{
		Name:  "key",
		Usage: "list, add and remove keys, change a password",
		Description: `A repository has any number of keys, each with its own password. A key of the
role full can do everything. One of the role backup can make snapshots, and
can't read, forget or remove anything: it is for machines that might be broken
into.

Example:
  ivyvault key add --role backup --label engine-host`,
		Subcommands: []*cli.Command{keyListCommand(), keyAddCommand(), keyRemoveCommand(), keyPasswdCommand()},
	}
}

func keyListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the keys",
		Description: `Lists all keys, oldest first. The one that opened the repository is marked
with a star.

Example:
  ivyvault key list`,
		Before: func(c *cli.Context) error { return wantArgs(c, 0, 0) },
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			r, err := openRepo(c.Context, g, out)
			if err != nil {
				return err
			}
			defer r.Close()
			keys, err := r.ListKeys(c.Context)
			if err != nil {
				return err
			}
			return out.report(keys, func(w io.Writer) {
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, " \tID\tRole\tLabel\tMade")
				for _, k := range keys {
					mark := " "
					if k.Current {
						mark = "*"
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", mark, k.Name.Short(), k.Role, showPath(k.Label), when(k.Created))
				}
				t.Flush()
			})
		},
	}
}

// keyReport is what the verbs that make a key print.
type keyReport struct {
	ID    repo.Name `json:"id"`
	Role  string    `json:"role"`
	Label string    `json:"label,omitempty"`
}

func keyAddCommand() *cli.Command {
	var role seal.Role
	var kdf seal.Argon
	return &cli.Command{
		Name:  "add",
		Usage: "add a key with a password of its own",
		Description: `Adds a key. The repository is opened with the password as usual; the new key's
password is read from --new-password-file, or asked for twice.

Example:
  ivyvault key add --role backup --label engine-host --new-password-file /etc/ivyvault/backup-password`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "role", Value: "full", Usage: "what the key may do, `ROLE` is full or backup"},
			&cli.StringFlag{Name: "label", Usage: "call the key `NAME`"},
			&cli.StringFlag{Name: "new-password-file", Usage: "read the new password from the first line of `FILE`"},
		}, kdfFlags()...),
		Before: func(c *cli.Context) (err error) {
			switch c.String("role") {
			case "full":
				role = seal.Full
			case "backup":
				role = seal.Backup
			default:
				return usageError("key add", "%q is no role: full or backup", c.String("role"))
			}
			kdf, err = readKDF(c)
			return errors.Join(err, wantArgs(c, 0, 0))
		},
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			r, err := openRepo(c.Context, g, out)
			if err != nil {
				return err
			}
			defer r.Close()
			password, err := readOtherPassword(c.Context, g, c.String("new-password-file"), "password of the new key")
			if err != nil {
				return err
			}
			n, err := r.AddKey(c.Context, role, c.String("label"), password, kdf)
			if err != nil {
				return err
			}
			return out.summary(keyReport{n, role.String(), c.String("label")}, func(w io.Writer) {
				fmt.Fprintf(w, "added key %s of the role %s\n", n.Short(), role)
			})
		},
	}
}

func keyRemoveCommand() *cli.Command {
	return &cli.Command{
		Name:      "remove",
		Usage:     "remove a key",
		ArgsUsage: "ID",
		Description: `Removes the key whose id begins with ID; its password opens the repository no
more. The key that opened the repository now can't be removed by itself. Who
copied the repository before, and knows the password, can still read the copy.

Example:
  ivyvault key remove 3f2a9c01`,
		Before: func(c *cli.Context) error { return wantArgs(c, 1, 1) },
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			r, err := openRepo(c.Context, g, out)
			if err != nil {
				return err
			}
			defer r.Close()
			k, err := r.RemoveKey(c.Context, c.Args().First())
			if err != nil {
				return err
			}
			return out.summary(k, func(w io.Writer) { fmt.Fprintf(w, "removed key %s\n", k.Name.Short()) })
		},
	}
}

func keyPasswdCommand() *cli.Command {
	var kdf seal.Argon
	return &cli.Command{
		Name:  "passwd",
		Usage: "change the password of the key that opens the repository",
		Description: `Puts the key that opened the repository under a new password; the old one opens
it no more.

Example:
  ivyvault key passwd`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "new-password-file", Usage: "read the new password from the first line of `FILE`"},
		}, kdfFlags()...),
		Before: func(c *cli.Context) (err error) {
			kdf, err = readKDF(c)
			return errors.Join(err, wantArgs(c, 0, 0))
		},
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			r, err := openRepo(c.Context, g, out)
			if err != nil {
				return err
			}
			defer r.Close()
			password, err := readOtherPassword(c.Context, g, c.String("new-password-file"), "new password")
			if err != nil {
				return err
			}
			n, err := r.ChangePassword(c.Context, password, kdf)
			if err != nil {
				return err
			}
			return out.summary(keyReport{ID: n, Role: r.Role().String()}, func(w io.Writer) {
				fmt.Fprintf(w, "the password was changed; the key's id is %s now\n", n.Short())
			})
		},
	}
}
