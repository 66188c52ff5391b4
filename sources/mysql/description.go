package mysql

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"ivyvault/sources/tables"
)

// The names in the captured tree.
const (
	descriptionName = "database.json"
	tablesDir       = "tables"
	triggersDir     = "triggers"
	sequencesName   = "sequences.sql"
	routinesName    = "routines.sql"
	eventsName      = "events.sql"
	viewsName       = "views.sql"
	usersName       = "users.sql"
)

// description is what database.json holds.
type description struct {
	Layout    int      `json:"layout"` // 1
	Product   string   `json:"product"`
	Server    string   `json:"server"`
	Tool      string   `json:"tool"`
	Name      string   `json:"name"`
	Charset   string   `json:"charset"`
	Collation string   `json:"collation"`
	Tables    []table  `json:"tables"`
	Views     []string `json:"views,omitempty"`
	Sequences []string `json:"sequences,omitempty"`
}

type table struct {
	Name     string `json:"name"`
	Engine   string `json:"engine"`
	File     string `json:"file"`
	Triggers string `json:"triggers,omitempty"` // their file
	size     int64
	columns  []string
}

// key names the table in counts.
func (t *table) key() string { return tables.FileName(t.Name) }

// readDescription reads database.json of a captured tree.
func readDescription(from fs.FS) (*description, error) {
	f, err := from.Open(descriptionName)
	if err != nil {
		return nil, fmt.Errorf("what is to be restored is no capture of a MariaDB or MySQL database, or not all of it: %w", err)
	}
	defer f.Close()
	var d description
	if err := json.NewDecoder(io.LimitReader(f, 1<<30)).Decode(&d); err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", descriptionName, err)
	}
	if d.Layout != 1 {
		return nil, fmt.Errorf("%s says layout %d, and this program knows layout 1 only: use a newer one", descriptionName, d.Layout)
	}
	return &d, nil
}

// pick finds the tables that names mean, all where no name is given.
func (d *description) pick(names []string) ([]*table, error) {
	var out []*table
	if len(names) == 0 {
		for i := range d.Tables {
			out = append(out, &d.Tables[i])
		}
		return out, nil
	}
	var errs []error
	for _, name := range names {
		i := slices.IndexFunc(d.Tables, func(t table) bool { return name == t.Name || name == t.key() })
		if i < 0 {
			var some []string
			for _, t := range d.Tables[:min(10, len(d.Tables))] {
				some = append(some, t.key())
			}
			errs = append(errs, fmt.Errorf("there is no table %q in this capture of the database %q; among its %d tables are %s", name, d.Name, len(d.Tables), strings.Join(some, ", ")))
			continue
		}
		out = append(out, &d.Tables[i])
	}
	return out, errors.Join(errs...)
}
