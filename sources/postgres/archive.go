package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ivyvault/sources/listing"
	"ivyvault/sources/tables"
)

func (c *capture) archiveDir() string { return filepath.Join(c.dir.Path(), "archive") }

// archive runs pg_dump under the point in time.
func (c *capture) archive(ctx context.Context, tools *programs, env []string, point string) error {
	p := c.part
	return p.program(env, tools.path("pg_dump"), "--format=directory", "--compress=0", "--no-sync", "--no-password",
		"--jobs="+strconv.Itoa(p.cfg.Jobs), "--snapshot="+point,
		"--lock-wait-timeout="+strconv.FormatInt(p.cfg.LockWait.Milliseconds(), 10),
		"--file="+c.archiveDir(), "--dbname="+p.conninfo(p.cfg.Database)).Run(ctx)
}

// list gives the files of the archive their names in the captured tree.
func (c *capture) list(ctx context.Context, tools *programs) error {
	dir := c.archiveDir()
	contents, err := tools.contents(ctx, c.part, dir)
	if err != nil {
		return err
	}
	if err := steadyTime(filepath.Join(dir, contentsName)); err != nil {
		return err
	}
	schema := filepath.Join(c.dir.Path(), schemaName)
	if err := c.part.program(nil, tools.path("pg_restore"), "--schema-only", "--create", "--file="+schema, dir).Run(ctx); err != nil {
		return err
	}
	c.name(contents)
	if err := c.collect(dir); err != nil {
		return err
	}
	for _, script := range []string{schemaName, globalsName} {
		text, err := os.ReadFile(filepath.Join(c.dir.Path(), script))
		if os.IsNotExist(err) {
			continue // globals can be left out
		}
		if err != nil {
			return err
		}
		c.files = append(c.files, listing.Bytes(script, steadyWord(text), c.at))
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

// contents asks pg_restore what is in an archive.
func (g *programs) contents(ctx context.Context, p *Part, dir string) ([]*item, error) {
	list, err := p.program(nil, g.path("pg_restore"), "--list", "--verbose", dir).Output(ctx)
	if err != nil {
		return nil, err
	}
	return parseContents(list)
}

// name notes in the description which table lies in which file.
func (c *capture) name(contents []*item) {
	byOID := map[uint32]*table{}
	for i := range c.desc.Tables {
		byOID[c.desc.Tables[i].OID] = &c.desc.Tables[i]
	}
	for _, it := range contents {
		t := byOID[it.oid]
		if it.kind != "TABLE DATA" || it.catalog != 0 || t == nil {
			continue
		}
		t.Dump = strconv.Itoa(it.id) + ".dat"
		t.File = tablesDir + "/" + tables.FileName(t.Schema, t.Name) + ".dat"
	}
}

// collect lists the archive's files under their names in the captured tree. A
// file that nothing accounts for is an error: it could not go back.
func (c *capture) collect(dir string) error {
	named := map[string]*table{}
	for i := range c.desc.Tables {
		if t := &c.desc.Tables[i]; t.Dump != "" {
			named[t.Dump] = t
		}
	}
	files, err := listing.Folder(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		f.MTime, f.Mode = c.at, 0o600
		switch t := named[f.Path]; {
		case t != nil:
			d := &data{table: t.key(), path: path}
			d.rows.Store(-1)
			c.data[t.File] = d
			delete(named, f.Path)
			f.Path = t.File
			f.Open = func(context.Context) (io.ReadCloser, error) { return d.open() }
		case f.Path == contentsName:
		case strings.HasPrefix(f.Path, "blob"):
			if strings.HasPrefix(f.Path, "blob_") {
				c.desc.LargeObjects++
			}
			f.Path = objectsDir + "/" + f.Path
		default:
			return fmt.Errorf("pg_dump wrote a file that is not known here, %s: this program doesn't know the archives of %s yet", f.Path, c.desc.Tool)
		}
		c.files = append(c.files, f)
	}
	for _, t := range named {
		return fmt.Errorf("pg_dump wrote no file for the table %s, though it lists one", t.key())
	}
	return nil
}
