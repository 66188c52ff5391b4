package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"ivyvault/sources"
)

// countedSize is up to which size on disk a table's rows are also counted by
// the server, in bytes: the dump must agree. Larger ones would be a burden.
const countedSize = 64 << 20

// objectsKey is the number of large objects in counts. No table has this key,
// for those hold a dot.
const objectsKey = "large objects"

// ask counts and looks up within our own transaction.
func (c *capture) ask(ctx context.Context, tx pgx.Tx) error {
	for i := range c.desc.Tables {
		t := &c.desc.Tables[i]
		if t.Partitioned || t.Extension || t.Size > countedSize {
			continue
		}
		var n int64
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM ONLY "+t.sql()).Scan(&n); err != nil {
			return fmt.Errorf("the rows of %s can't be counted: %w", t.key(), err)
		}
		c.counted[t.key()] = n
	}
	var err error
	c.schema, err = c.part.lookUp(ctx, tx, c.desc.Tables, nil)
	return err
}

// Facts tells what was captured. It fails where a table's file is cut off or
// holds another number of rows than the server counted.
func (c *capture) Facts(ctx context.Context) (sources.Facts, error) {
	d := c.desc
	f := sources.Facts{
		Product: "PostgreSQL", Version: d.Server, Tool: d.Tool, Consistency: sources.Snapshot,
		Counts: map[string]int64{objectsKey: d.LargeObjects}, Schema: c.schema, Notes: c.notes,
		Details: map[string]string{"database": d.Database.Name, "owner": d.Database.Owner, "encoding": d.Database.Encoding, "tables": strconv.Itoa(len(d.Tables))},
	}
	var names []string
	for _, e := range d.Extensions {
		names = append(names, e.Name+" "+e.Version)
	}
	f.Details["extensions"] = strings.Join(names, ", ")
	agree := 0
	for i := range d.Tables {
		t := &d.Tables[i]
		if t.File == "" {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return f, err
		}
		n, err := c.data[t.File].count()
		if err != nil {
			return f, err
		}
		f.Counts[t.key()] = n
		if counted, ok := c.counted[t.key()]; ok {
			if counted != n {
				return f, fmt.Errorf("the dump of the table %s holds %d rows, and the server counted %d at the same point in time", t.key(), n, counted)
			}
			agree++
		}
	}
	f.Checks = append(f.Checks, sources.Check{Name: "rows", OK: true, Said: fmt.Sprintf("of %d tables, as dumped and as counted by the server", agree)})
	return f, nil
}
