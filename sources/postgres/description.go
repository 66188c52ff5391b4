package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"ivyvault/sources/tables"
)

// The names in the captured tree.
const (
	descriptionName = "database.json"
	contentsName    = "toc.dat"
	globalsName     = "globals.sql"
	schemaName      = "schema.sql"
	tablesDir       = "tables"
	objectsDir      = "large-objects"
)

// description is what database.json holds.
type description struct {
	Layout       int         `json:"layout"` // 1
	Server       string      `json:"server"`
	ServerMajor  int         `json:"server_major"`
	Tool         string      `json:"tool"`
	ToolMajor    int         `json:"tool_major"`
	Database     database    `json:"database"`
	Extensions   []extension `json:"extensions"`
	LargeObjects int64       `json:"large_objects"`
	Tables       []table     `json:"tables"`
}

// database is how the database itself was defined.
type database struct {
	Name       string    `json:"name"`
	Owner      string    `json:"owner"`
	Encoding   string    `json:"encoding"`
	Collate    string    `json:"collate"`
	CType      string    `json:"ctype"`
	Provider   string    `json:"provider,omitempty"` // c, i or b as in pg_database; "" before version 15
	Locale     string    `json:"locale,omitempty"`   // of the provider
	ConnLimit  int       `json:"connection_limit"`
	Comment    string    `json:"comment,omitempty"`
	OwnRights  bool      `json:"own_rights"` // false: the default privileges
	Rights     []right   `json:"rights,omitempty"`
	Settings   []setting `json:"settings,omitempty"`
	LargeBytes int64     `json:"-"`
}

type right struct {
	Grantee   string `json:"grantee"` // "" is everybody
	Privilege string `json:"privilege"`
	Grantable bool   `json:"grantable,omitempty"`
}

type setting struct {
	Role  string `json:"role,omitempty"` // "" is every role
	Value string `json:"value"`          // name=value
}

type extension struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type table struct {
	OID         uint32   `json:"oid"`
	Schema      string   `json:"schema"`
	Name        string   `json:"name"`
	Partitioned bool     `json:"partitioned,omitempty"` // holds no rows of its own
	PartitionOf uint32   `json:"partition_of,omitempty"`
	Extension   bool     `json:"extension,omitempty"` // made by an extension
	Owner       string   `json:"owner"`
	Grantees    []string `json:"grantees,omitempty"` // roles that have privileges
	File        string   `json:"file,omitempty"`     // in the captured tree; "": no rows are captured
	Dump        string   `json:"dump,omitempty"`     // the name in the archive
	ForeignKeys []uint32 `json:"foreign_keys,omitempty"`
	Rules       []uint32 `json:"rules,omitempty"` // rewrite rules and policies
	Size        int64    `json:"-"`
	columns     []string
}

// key names the table in counts: "public.claims", other bytes escaped.
func (t *table) key() string { return tables.FileName(t.Schema, t.Name) }

func (t *table) sql() string { return qualified(t.Schema, t.Name) }

// readDescription reads database.json of a captured tree.
func readDescription(from fs.FS) (*description, error) {
	f, err := from.Open(descriptionName)
	if err != nil {
		return nil, fmt.Errorf("what is to be restored is no capture of a PostgreSQL database, or not all of it: %w", err)
	}
	defer f.Close()
	var d description
	if err := json.NewDecoder(io.LimitReader(f, 1<<30)).Decode(&d); err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", descriptionName, err)
	}
	if d.Layout != 1 {
		return nil, fmt.Errorf("%s says layout %d, and this program knows layout 1 only: use a newer one", descriptionName, d.Layout)
	}
	return &d, d.check()
}

// check refuses names that lead out of the tree.
func (d *description) check() error {
	for _, t := range d.Tables {
		if t.File == "" {
			continue
		}
		if !fs.ValidPath(t.File) || !archiveFile.MatchString(t.Dump) {
			return fmt.Errorf("%s gives the table %s the file %q, %q: it was altered", descriptionName, t.key(), t.File, t.Dump)
		}
	}
	return nil
}

// pick finds the tables that names mean: "schema.table" as it is or as in the
// counts, or "table" where only one schema has it.
func (d *description) pick(names []string) ([]*table, error) {
	var out []*table
	var errs []error
	for _, name := range names {
		var exact, short []*table
		for i := range d.Tables {
			switch t := &d.Tables[i]; name {
			case t.key(), t.Schema + "." + t.Name:
				exact = append(exact, t)
			case t.Name:
				short = append(short, t)
			}
		}
		if len(exact) == 0 {
			exact = short
		}
		switch len(exact) {
		case 1:
			out = append(out, exact[0])
		case 0:
			errs = append(errs, fmt.Errorf("there is no table %q in this capture of the database %q; it has %s", name, d.Database.Name, d.some()))
		default:
			errs = append(errs, fmt.Errorf("%q names %d tables: say which, as schema.table", name, len(exact)))
		}
	}
	return out, errors.Join(errs...)
}

func (d *description) some() string {
	var names []string
	for i := range d.Tables {
		if len(names) == 10 {
			names = append(names, fmt.Sprintf("and %d more", len(d.Tables)-10))
			break
		}
		names = append(names, d.Tables[i].key())
	}
	if len(names) == 0 {
		return "no table"
	}
	return strings.Join(names, ", ")
}
