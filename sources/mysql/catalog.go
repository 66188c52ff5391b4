package mysql

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ivyvault/sources/tables"
)

// readCatalog reads what there is.
func (s *session) readCatalog(ctx context.Context, database string) (*description, error) {
	d := &description{Layout: 1, Name: database}
	var err error
	if d.Server, err = s.one(ctx, `SELECT VERSION()`); err != nil {
		return nil, err
	}
	d.Product = "MySQL"
	if strings.Contains(d.Server, "MariaDB") {
		d.Product = "MariaDB"
	}
	in := "= BINARY " + literal(database)
	rows, err := s.query(ctx, `SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE BINARY SCHEMA_NAME `+in)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("the server has no database of this name, or the user may not see it: GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON %s.* TO the user", quote(database))
	}
	d.Charset, d.Collation = rows[0][0], rows[0][1]
	rows, err = s.query(ctx, `SELECT TABLE_NAME, TABLE_TYPE, IFNULL(ENGINE, ''), IFNULL(DATA_LENGTH, 0) FROM information_schema.TABLES WHERE BINARY TABLE_SCHEMA `+in+` ORDER BY BINARY TABLE_NAME`)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		switch {
		case strings.Contains(r[1], "VIEW"):
			d.Views = append(d.Views, r[0])
		case r[1] == "SEQUENCE":
			d.Sequences = append(d.Sequences, r[0])
		default:
			size, _ := strconv.ParseInt(r[3], 10, 64) // an estimate in any case
			d.Tables = append(d.Tables, table{Name: r[0], Engine: r[2], File: tablesDir + "/" + tables.FileName(r[0]) + ".sql", size: size})
		}
	}
	byName := map[string]*table{}
	for i := range d.Tables {
		byName[d.Tables[i].Name] = &d.Tables[i]
	}
	if rows, err = s.query(ctx, `SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE BINARY TABLE_SCHEMA `+in+` ORDER BY TABLE_NAME, ORDINAL_POSITION`); err != nil {
		return nil, err
	}
	for _, r := range rows {
		if t := byName[r[0]]; t != nil {
			t.columns = append(t.columns, r[1])
		}
	}
	if rows, err = s.query(ctx, `SELECT DISTINCT EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE BINARY TRIGGER_SCHEMA `+in); err != nil {
		return nil, err
	}
	for _, r := range rows {
		if t := byName[r[0]]; t != nil {
			t.Triggers = triggersDir + "/" + tables.FileName(t.Name) + ".sql"
		}
	}
	return d, nil
}

// fingerprint changes when a definition does. A dump's transaction covers rows
// only, so it is taken before and after.
func (s *session) fingerprint(ctx context.Context, database string) (string, error) {
	in := "= BINARY " + literal(database)
	rows, err := s.query(ctx, `
SELECT 'c', MD5(CONCAT_WS('|', TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, IFNULL(COLUMN_DEFAULT, '-'))) FROM information_schema.COLUMNS WHERE BINARY TABLE_SCHEMA `+in+`
UNION ALL SELECT 't', MD5(CONCAT_WS('|', TABLE_NAME, TABLE_TYPE, IFNULL(CREATE_TIME, '-'))) FROM information_schema.TABLES WHERE BINARY TABLE_SCHEMA `+in+`
UNION ALL SELECT 'r', MD5(CONCAT_WS('|', ROUTINE_TYPE, ROUTINE_NAME, LAST_ALTERED)) FROM information_schema.ROUTINES WHERE BINARY ROUTINE_SCHEMA `+in+`
UNION ALL SELECT 'g', MD5(CONCAT_WS('|', TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_STATEMENT)) FROM information_schema.TRIGGERS WHERE BINARY TRIGGER_SCHEMA `+in+`
ORDER BY 1, 2`)
	return fmt.Sprint(rows), err
}
