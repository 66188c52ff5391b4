package mysql

import (
	"context"
	"fmt"
	"strings"
)

// RightsError says which rights on the whole database a user lacks. The server
// hides what a user has no right on, so without them a dump would look whole
// and lack tables.
type RightsError struct {
	User, Database string
	Lacking        []string
}

func (e *RightsError) Error() string {
	return fmt.Sprintf("the user %s lacks %s on the whole database %q, and the server hides from it what it may not see; nothing was captured. Run: GRANT %s ON %s.* TO %s;",
		e.User, strings.Join(e.Lacking, ", "), e.Database, strings.Join(e.Lacking, ", "), quote(e.Database), e.User)
}

// checkRights asks whether the user may see everything in the database, by
// rights of its own or of its present role, on the database or on all.
func (s *session) checkRights(ctx context.Context, database string) error {
	const me = `CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))`
	who := `(GRANTEE = ` + me + ` OR INSTR(CONCAT('''', IFNULL(CURRENT_ROLE(), ''), '''@'''''), GRANTEE) > 0 OR INSTR(REPLACE(IFNULL(CURRENT_ROLE(), ''), '` + "`" + `', ''''), GRANTEE) > 0)`
	rows, err := s.query(ctx, `
SELECT '', PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE `+who+`
UNION SELECT TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE `+who+` AND `+literal(database)+` LIKE TABLE_SCHEMA`)
	if err != nil {
		return err
	}
	plain := strings.NewReplacer(`\_`, `_`, `\%`, `%`)
	named := false
	for _, r := range rows {
		named = named || plain.Replace(r[0]) == database
	}
	have := map[string]bool{}
	for _, r := range rows {
		// Where rights are given on the database by its name, the server
		// doesn't look at those given on a pattern.
		if r[0] == "" || !named || plain.Replace(r[0]) == database {
			have[r[1]] = true
		}
	}
	e := &RightsError{Database: database}
	for _, p := range []string{"SELECT", "SHOW VIEW", "TRIGGER", "EVENT"} {
		if !have[p] {
			e.Lacking = append(e.Lacking, p)
		}
	}
	if len(e.Lacking) == 0 {
		return nil
	}
	if e.User, err = s.one(ctx, "SELECT "+me); err != nil {
		return err
	}
	return e
}
