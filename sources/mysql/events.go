package mysql

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// events writes the scheduled events as a script. The dump programs of MariaDB
// 10.11 can't do so in a database whose name isn't ASCII.
func (c *capture) events(ctx context.Context, s *session) error {
	names, err := s.query(ctx, "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE BINARY EVENT_SCHEMA = BINARY "+literal(c.part.cfg.Database)+" ORDER BY 1")
	if err != nil || len(names) == 0 {
		return err
	}
	var b strings.Builder
	b.WriteString("SET NAMES utf8mb4;\n")
	for _, n := range names {
		// name, SQL mode, time zone, statement
		rows, err := s.query(ctx, "SHOW CREATE EVENT "+quote(c.part.cfg.Database)+"."+quote(n[0]))
		if err != nil {
			return err
		}
		if len(rows) != 1 || len(rows[0]) < 4 || !strings.HasPrefix(rows[0][3], "CREATE ") {
			return fmt.Errorf("the server doesn't show the definition of the event %q: GRANT EVENT on the database to the user", n[0])
		}
		r := rows[0]
		end := "$$"
		for strings.Contains(r[3], end) {
			end += "$"
		}
		fmt.Fprintf(&b, "SET sql_mode = %s;\nSET time_zone = %s;\nDELIMITER %s\n%s\n%s\nDELIMITER ;\n", literal(r[1]), literal(r[2]), end, r[3], end)
	}
	return os.WriteFile(filepath.Join(c.root(), eventsName), []byte(b.String()), 0o600)
}
