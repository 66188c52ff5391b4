package mysql

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ivyvault/sources/listing"
)

// tool finds the dump program that fits the server: MariaDB's for MariaDB,
// MySQL's own for MySQL, since each leaves out what only the other knows.
func (c *capture) tool(ctx context.Context) (string, error) {
	names := []string{"mariadb-dump", "mysqldump"}
	if c.desc.Product == "MySQL" {
		names = names[1:]
	}
	path, version, err := c.part.find(ctx, names...)
	if err != nil {
		return "", err
	}
	if (c.desc.Product == "MariaDB") != strings.Contains(version, "MariaDB") {
		return "", fmt.Errorf("the server is %s, and %s is of the other family (%s): install the client programs of %s, or name their folder with 'programs:'", c.desc.Product, path, version, c.desc.Product)
	}
	_, c.desc.Tool, _ = strings.Cut(version, filepath.Base(path))
	c.desc.Tool = filepath.Base(path) + " " + strings.TrimSpace(c.desc.Tool)
	return path, nil
}

func (c *capture) root() string { return filepath.Join(c.dir.Path(), "dump") }

// all dumps rows under one transaction, then what no transaction covers.
func (c *capture) all(ctx context.Context, s *session, dump string) error {
	for _, dir := range []string{tablesDir, triggersDir} {
		if err := os.MkdirAll(filepath.Join(c.root(), dir), 0o700); err != nil {
			return err
		}
	}
	if err := c.rows(ctx, s, dump); err != nil {
		return err
	}
	database := c.part.cfg.Database
	none := []string{"--no-data", "--no-create-info", "--skip-triggers"}
	if err := c.script(ctx, s, dump, routinesName, append(none, "--routines", "--", database)...); err != nil {
		return err
	}
	if err := c.events(ctx, s); err != nil {
		return err
	}
	for name, list := range map[string][]string{viewsName: c.desc.Views, sequencesName: c.desc.Sequences} {
		if len(list) > 0 {
			if err := c.script(ctx, s, dump, name, append([]string{"--skip-triggers", "--", database}, list...)...); err != nil {
				return err
			}
		}
	}
	for _, t := range c.desc.Tables {
		if t.Triggers != "" {
			if err := c.script(ctx, s, dump, t.Triggers, "--no-data", "--no-create-info", "--triggers", "--", database, t.Name); err != nil {
				return err
			}
		}
	}
	if err := c.users(ctx, s); err != nil {
		return err
	}
	var err error
	c.schema, err = s.lookUp(ctx, c.desc, nil)
	return err
}

// script has the dump program write a script of definitions.
func (c *capture) script(ctx context.Context, s *session, dump, name string, args ...string) error {
	f, err := os.OpenFile(filepath.Join(c.root(), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	cmd := s.command(dump, append([]string{"--skip-comments", "--skip-lock-tables", "--single-transaction", "--no-tablespaces"}, args...)...)
	cmd.Stdout = f
	return errors.Join(cmd.Run(ctx), f.Close())
}

// rows dumps all tables within one transaction and splits what comes.
func (c *capture) rows(ctx context.Context, s *session, dump string) error {
	if len(c.desc.Tables) == 0 {
		return nil
	}
	args := []string{"--single-transaction", "--quick", "--hex-blob", "--skip-triggers", "--no-tablespaces", "--skip-comments", "--skip-add-locks", "--no-autocommit", "--skip-lock-tables"}
	if c.desc.Product == "MySQL" {
		args = append(args, "--set-gtid-purged=OFF")
	} else if on, err := s.one(ctx, "SELECT @@log_bin"); err == nil && on == "1" {
		if _, err := s.query(ctx, "SHOW MASTER STATUS"); err == nil {
			args = append(args, "--master-data=2")
		}
	}
	args = append(args, "--", c.part.cfg.Database)
	byName := map[string]*table{}
	for i := range c.desc.Tables {
		byName[c.desc.Tables[i].Name] = &c.desc.Tables[i]
		args = append(args, c.desc.Tables[i].Name)
	}
	var f *os.File
	var w *bufio.Writer
	end := func() error {
		if f == nil {
			return nil
		}
		err := errors.Join(w.Flush(), f.Close())
		f = nil
		return err
	}
	var present *table
	sp := &splitter{
		done: func(n int64) { c.counts[present.key()] = n },
		begin: func(name string) (writer, error) {
			t := byName[name]
			if t == nil {
				return nil, fmt.Errorf("the dump holds the table %q, which the server did not list", name)
			}
			present = t
			delete(byName, name)
			if err := end(); err != nil {
				return nil, err
			}
			var err error
			f, err = os.OpenFile(filepath.Join(c.root(), t.File), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			w = bufio.NewWriterSize(f, 256<<10)
			return w, err
		},
	}
	cmd := s.command(dump, args...)
	cmd.Stdout = sp
	err := errors.Join(cmd.Run(ctx), end())
	if err != nil {
		return err
	}
	c.binlog = sp.binlog
	if sp.out != nil {
		return errors.New("the dump is cut off: its end is missing")
	}
	for name := range byName {
		return fmt.Errorf("the dump lacks the table %q, which the server listed", name)
	}
	return nil
}

// list names the files.
func (c *capture) list() error {
	var err error
	if c.files, err = listing.Folder(c.root()); err != nil {
		return err
	}
	for i := range c.files {
		c.files[i].MTime = c.at
	}
	var desc bytes.Buffer
	enc := json.NewEncoder(&desc)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(c.desc); err != nil {
		return err
	}
	c.files = append(c.files, listing.Bytes(descriptionName, desc.Bytes(), c.at))
	return nil
}
