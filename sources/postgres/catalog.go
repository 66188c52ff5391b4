package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// own leaves out what belongs to PostgreSQL itself and to sessions.
const own = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'`

const tablesQuery = `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'p',
	COALESCE((SELECT inhparent FROM pg_inherits i WHERE c.relispartition AND i.inhrelid = c.oid), 0::oid),
	EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'),
	pg_get_userbyid(c.relowner)::text,
	ARRAY(SELECT DISTINCT pg_get_userbyid(a.grantee)::text FROM aclexplode(c.relacl) a WHERE a.grantee <> 0 ORDER BY 1),
	ARRAY(SELECT k.oid FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' ORDER BY k.conname),
	ARRAY(SELECT r.oid FROM pg_rewrite r WHERE r.ev_class = c.oid UNION ALL SELECT y.oid FROM pg_policy y WHERE y.polrelid = c.oid),
	pg_table_size(c.oid),
	ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND ` + own + `
ORDER BY n.nspname, c.relname`

// readCatalog reads what there is, as the transaction sees it.
func readCatalog(ctx context.Context, tx pgx.Tx) (*description, error) {
	d := &description{Layout: 1}
	var num int
	if err := tx.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version')`).Scan(&num, &d.Server); err != nil {
		return nil, err
	}
	d.ServerMajor = num / 10000
	if err := d.Database.read(ctx, tx); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT extname::text, extversion FROM pg_extension ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	if d.Extensions, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (e extension, err error) {
		return e, r.Scan(&e.Name, &e.Version)
	}); err != nil {
		return nil, err
	}
	d.Tables, err = readTables(ctx, tx)
	return d, err
}

// read reads the definition of the database itself. Columns of pg_database
// come and go with versions, so it is read as one value.
func (d *database) read(ctx context.Context, tx pgx.Tx) error {
	var row []byte
	err := tx.QueryRow(ctx, `
SELECT to_jsonb(d), pg_get_userbyid(datdba)::text, pg_encoding_to_char(encoding)::text, datcollate::text, datctype::text, datconnlimit,
	COALESCE(shobj_description(oid, 'pg_database'), ''), datacl IS NOT NULL, pg_table_size('pg_largeobject')
FROM pg_database d WHERE datname = current_database()`).
		Scan(&row, &d.Owner, &d.Encoding, &d.Collate, &d.CType, &d.ConnLimit, &d.Comment, &d.OwnRights, &d.LargeBytes)
	if err != nil {
		return err
	}
	var some struct {
		Name      string `json:"datname"`
		Provider  string `json:"datlocprovider"`
		Locale    string `json:"datlocale"`
		ICULocale string `json:"daticulocale"`
	}
	if err := json.Unmarshal(row, &some); err != nil {
		return fmt.Errorf("pg_database: %w", err)
	}
	d.Name, d.Provider, d.Locale = some.Name, some.Provider, some.Locale+some.ICULocale
	rows, err := tx.Query(ctx, `
SELECT CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee)::text END, a.privilege_type, a.is_grantable
FROM pg_database d, aclexplode(d.datacl) a WHERE datname = current_database() ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	if d.Rights, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (g right, err error) {
		return g, r.Scan(&g.Grantee, &g.Privilege, &g.Grantable)
	}); err != nil {
		return err
	}
	rows, err = tx.Query(ctx, `
SELECT CASE WHEN setrole = 0 THEN '' ELSE pg_get_userbyid(setrole)::text END, unnest(setconfig)
FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	d.Settings, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (s setting, err error) {
		return s, r.Scan(&s.Role, &s.Value)
	})
	return err
}
