package mysql

import (
	"context"
	"strconv"

	"ivyvault/sources"
)

// Facts tells what was captured.
func (c *capture) Facts(context.Context) (sources.Facts, error) {
	d := c.desc
	f := sources.Facts{
		Product: d.Product, Version: d.Server, Tool: d.Tool, Consistency: sources.Snapshot, Counts: c.counts, Schema: c.schema, Notes: c.notes,
		Details: map[string]string{"database": d.Name, "charset": d.Charset, "collation": d.Collation, "tables": strconv.Itoa(len(d.Tables)), "views": strconv.Itoa(len(d.Views))},
		Checks:  []sources.Check{{Name: "definitions", OK: true, Said: "the same before and after the dump"}},
	}
	if c.hot {
		f.Consistency = sources.Hot
	}
	if c.binlog != "" {
		f.Details["binary log"] = c.binlog
	}
	return f, nil
}
