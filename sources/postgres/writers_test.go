package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/postgres"
)

// Writers move money between two tables and record each move in a third. In
// one point in time the sum is what it was, and the moves explain the balances.
func TestOnePointInTime(t *testing.T) {
	s := server(t)
	c := create(t, s, "bank", "")
	run(t, c, `CREATE TABLE a_accounts (id int PRIMARY KEY, balance bigint)`, `CREATE TABLE z_accounts (id int PRIMARY KEY, balance bigint)`,
		`CREATE TABLE moves (id serial, amount bigint)`,
		`INSERT INTO a_accounts SELECT i, 1000 FROM generate_series(1, 3000) i`, `INSERT INTO z_accounts SELECT i, 1000 FROM generate_series(1, 3000) i`)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 3 {
		w := connect(t, s, "bank")
		wg.Go(func() {
			for ctx.Err() == nil {
				n := rand.IntN(100) - 50
				_, err := w.PgConn().Exec(context.Background(), fmt.Sprintf(`BEGIN; UPDATE a_accounts SET balance = balance - %d WHERE id = %d;
					UPDATE z_accounts SET balance = balance + %d WHERE id = %d; INSERT INTO moves (amount) VALUES (%d); COMMIT`, n, 1+rand.IntN(3000), n, 1+rand.IntN(3000), n)).ReadAll()
				if err != nil && !strings.Contains(err.Error(), "deadlock") {
					t.Error(err)
					return
				}
			}
		})
	}
	defer wg.Wait()
	defer stop()
	for range 3 {
		dir, facts := take(t, config(t, s, "bank"), env(t))
		a, z, m := sum(t, dir, "a_accounts"), sum(t, dir, "z_accounts"), sum(t, dir, "moves")
		if a+z != 6000*1000 || z-3000*1000 != m {
			t.Errorf("a holds %d, z %d, the moves make %d", a, z, m)
		}
		drop(t, s, "bank2")
		cfg := config(t, s, "bank2")
		if _, err := postgres.New(cfg, env(t)).Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Facts: facts}); err != nil {
			t.Fatal(err)
		}
		r := connect(t, s, "bank2")
		if got := table(t, r, `SELECT ((SELECT sum(balance) FROM a_accounts) + (SELECT sum(balance) FROM z_accounts))::text, (SELECT count(*) FROM moves)`); got != fmt.Sprintln("6000000", facts.Counts["public.moves"]) {
			t.Errorf("restored: %s", got)
		}
		r.Close(context.Background())
	}
}

// sum adds up the second column of a table's file.
func sum(t *testing.T, dir, name string) (n int64) {
	t.Helper()
	p, err := os.ReadFile(filepath.Join(dir, "tables", "public."+name+".dat"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(p)) {
		if _, v, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			i, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			n += i
		}
	}
	return n
}
