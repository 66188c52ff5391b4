package oracle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ivyvault/sources"
)

// describe learns what the database is, and whether the user may do what is
// needed.
func (s *session) describe(ctx context.Context, f *sources.Facts) (enterprise bool, err error) {
	version, banner, err := s.version(ctx)
	if err != nil {
		return false, err
	}
	f.Product, f.Version, f.Tool, f.Consistency = "Oracle Database", version, "expdp", sources.Snapshot
	f.Details = map[string]string{"banner": banner}
	dirs, err := s.rows(ctx, []string{"directory_path"}, "FROM all_directories WHERE directory_name = "+literal(s.c.Directory))
	if err != nil {
		return false, err
	}
	if len(dirs) == 0 {
		return false, fmt.Errorf("there is no DIRECTORY %s, or the user may not use it: CREATE DIRECTORY %s AS '/path'; GRANT READ, WRITE ON DIRECTORY %s TO %s", s.c.Directory, s.c.Directory, s.c.Directory, s.c.User)
	}
	f.Details["directory"] = dirs[0][0]
	full, err := s.rows(ctx, []string{"role"}, "FROM session_roles WHERE role IN ('DATAPUMP_EXP_FULL_DATABASE', 'EXP_FULL_DATABASE', 'DBA')")
	if err != nil {
		return false, err
	}
	if len(full) == 0 {
		if len(s.c.Schemas) > 1 || !strings.EqualFold(s.c.Schemas[0], s.c.User) {
			return false, fmt.Errorf("the user %s may export its own schema only: GRANT DATAPUMP_EXP_FULL_DATABASE TO %s", s.c.User, s.c.User)
		}
		f.Notes = append(f.Notes, "exported by the schema's own user: the user itself, its grants and tablespaces are not in it and must be there before a restore")
	} else {
		f.Notes = append(f.Notes, "tablespaces are not in the export: they must be there before a restore, or be given other names by 'remap-tablespace:'")
	}
	there, err := s.rows(ctx, []string{"username"}, "FROM all_users WHERE username IN ("+s.c.owners()+")")
	if err != nil {
		return false, err
	}
	for _, want := range s.c.Schemas {
		if !slices.ContainsFunc(there, func(r []string) bool { return r[0] == want }) {
			return false, fmt.Errorf("the database has no schema %s: names are spelt as the database spells them, mostly in capitals", want)
		}
	}
	if f.Schema, err = s.schemas(ctx); err != nil {
		return false, err
	}
	return strings.Contains(banner, "Enterprise Edition"), nil
}

func (s *session) version(ctx context.Context) (version, banner string, err error) {
	rows, err := s.rows(ctx, []string{"p.version", "v.banner"}, "FROM product_component_version p, v$version v WHERE p.product LIKE 'Oracle%' AND v.banner LIKE 'Oracle%' AND ROWNUM = 1")
	if err != nil {
		return "", "", err
	}
	if len(rows) != 1 {
		return "", "", errors.New("the database does not tell its version")
	}
	return rows[0][0], rows[0][1], nil
}

// schemas reads the versions that engines keep of their tables.
func (s *session) schemas(ctx context.Context) (map[string]string, error) {
	tables, err := s.rows(ctx, []string{"owner", "table_name"}, "FROM all_tables WHERE table_name IN ('ACT_GE_PROPERTY', 'ACT_ID_PROPERTY') AND owner IN ("+s.c.owners()+") ORDER BY owner, table_name")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, t := range tables {
		rows, err := s.rows(ctx, []string{"NAME_", "VALUE_"}, "FROM "+quote(t[0])+"."+quote(t[1])+" WHERE NAME_ LIKE '%schema.version'")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[t[0]+"."+t[1]+" "+r[0]] = r[1]
		}
	}
	return out, nil
}
