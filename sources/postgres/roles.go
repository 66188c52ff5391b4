package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// restoreGlobals makes the roles and tablespaces that the target lacks. What
// exists there stays as it is, its password above all, and is named in a note.
func restoreGlobals(ctx context.Context, conn *pgx.Conn, from fs.FS) (notes []string, err error) {
	f, err := from.Open(globalsName)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{"this capture holds no roles: those that it needs must exist"}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	script, err := io.ReadAll(io.LimitReader(f, 256<<20))
	if err != nil {
		return nil, err
	}
	g := &globalsRun{conn: conn, known: map[string]map[string]bool{}}
	for kind, query := range map[string]string{"ROLE": `SELECT rolname::text FROM pg_roles`, "TABLESPACE": `SELECT spcname::text FROM pg_tablespace`} {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			return nil, err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		g.known[kind] = map[string]bool{}
		for _, n := range names {
			g.known[kind][n] = true
		}
	}
	for _, s := range statements(string(script)) {
		if err := g.run(ctx, s); err != nil {
			return nil, err
		}
	}
	if len(g.kept) > 0 {
		g.notes = append(g.notes, "these roles existed and were left as they are, with their passwords: "+strings.Join(g.kept, ", "))
	}
	return g.notes, nil
}

type globalsRun struct {
	conn  *pgx.Conn
	known map[string]map[string]bool // ROLE, TABLESPACE: what existed before
	kept  []string
	notes []string
}

func (g *globalsRun) run(ctx context.Context, statement string) error {
	w := words(statement, 4)
	if len(w) < 3 {
		return nil
	}
	kind, name := w[1], w[2]
	if w[0] == "COMMENT" && len(w) == 4 {
		kind, name = w[2], w[3]
	}
	switch {
	case w[0] == "SET":
		// The connection's own settings suit.
		return nil
	case g.known[kind] != nil && g.known[kind][name]:
		if w[0] == "CREATE" && kind == "ROLE" && !slices.Contains(g.kept, name) {
			g.kept = append(g.kept, name)
		}
		return nil
	case g.known[kind] == nil && w[0] != "GRANT" && w[0] != "REVOKE":
		g.notes = append(g.notes, fmt.Sprintf("a statement of %s that is not known here was left out: %s %s …", globalsName, w[0], w[1]))
		return nil
	}
	_, err := g.conn.PgConn().Exec(ctx, statement).ReadAll()
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		// The statement itself may hold a password, so only its beginning is told.
		g.notes = append(g.notes, fmt.Sprintf("%s %s %s: the server said: %s", w[0], kind, name, refused.Message))
		return nil
	}
	return err
}
