package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ivyvault/sources/postgres"
	"ivyvault/sources/postgres/pgtest"
	"ivyvault/sources/scratch"
	"ivyvault/sources/secret"
)

// programs makes a folder of programs in which pg_dump is a script; $REAL is
// the true one.
func programs(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range []string{"pg_restore", "pg_dumpall"} {
		if err := os.Symlink(filepath.Join(pgtest.Programs(), p), filepath.Join(dir, p)); err != nil {
			t.Fatal(err)
		}
	}
	real := filepath.Join(pgtest.Programs(), "pg_dump")
	text := "#!/bin/sh\nREAL=" + real + "\nHERE=" + dir + "\n[ \"$1\" = --version ] && exec $REAL --version\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1200 {
		if done() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("this never came: %s", what)
}

// midDump begins a capture and calls strike when pg_dump, connected and under
// the snapshot, waits for a table. It returns what the capture ended with.
func midDump(t *testing.T, s *pgtest.Server, ctx context.Context, strike func(pid int)) error {
	t.Helper()
	c := connect(t, s, "postgres")
	// Our own connection counts no rows of a partitioned table, so only pg_dump waits for it.
	run(t, c, `DROP TABLE IF EXISTS held`, `CREATE TABLE held (i int) PARTITION BY RANGE (i)`)
	look := connect(t, s, "postgres") // within a transaction activities don't change
	dir := programs(t, `touch $HERE/started; while [ ! -e $HERE/go ]; do sleep 0.02; done; echo $$ > $HERE/pid; exec $REAL "$@"`)
	cfg := config(t, s, "postgres")
	cfg.Programs = dir
	ended := make(chan error, 1)
	go func() {
		cap, err := postgres.New(cfg, env(t)).Capture(ctx)
		if err == nil {
			err = errors.Join(errors.New("it succeeded"), cap.Close(context.Background()))
		}
		ended <- err
	}()
	until(t, "pg_dump starts", func() bool { _, err := os.Stat(filepath.Join(dir, "started")); return err == nil })
	run(t, c, `SET lock_timeout = 20000`, `BEGIN`, `LOCK TABLE held IN ACCESS EXCLUSIVE MODE`)
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "pg_dump waits", func() bool {
		return table(t, look, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE 'LOCK TABLE%'`) != "0\n"
	})
	pid, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	if err != nil {
		t.Fatal(err)
	}
	strike(n)
	err = <-ended
	c.Close(context.Background()) // which gives up the lock
	until(t, "pg_dump is gone", func() bool { return syscall.Kill(n, 0) != nil })
	return err
}

func TestToolKilled(t *testing.T) {
	s := server(t)
	err := midDump(t, s, t.Context(), func(pid int) { syscall.Kill(pid, syscall.SIGKILL) })
	if err == nil || !strings.Contains(err.Error(), "pg_dump failed: signal: killed") {
		t.Errorf("got %v", err)
	}
	nothingRuns(t, s)
}

func TestCancelled(t *testing.T) {
	s := server(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := midDump(t, s, ctx, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	nothingRuns(t, s)
}

// nothingRuns waits until the server has no session of ours any more.
func nothingRuns(t *testing.T, s *pgtest.Server) {
	t.Helper()
	c := connect(t, s, "postgres")
	until(t, "the sessions end", func() bool {
		return table(t, c, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ivyvault'`) == "0\n"
	})
	run(t, c, `DROP TABLE held`)
}

func TestServerKilled(t *testing.T) {
	pgtest.Need(t)
	s, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	err = midDump(t, s, t.Context(), func(int) { s.Kill() })
	if err == nil || !strings.Contains(err.Error(), "was not captured") || strings.Contains(err.Error(), "succeeded") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
}

func TestScratchLimit(t *testing.T) {
	s := server(t)
	c := create(t, s, "toolarge", "")
	run(t, c, `CREATE TABLE wide AS SELECT i, repeat(md5(i::text), 10) AS t FROM generate_series(1, 20000) i`)
	cfg, e := config(t, s, "toolarge"), env(t)
	cfg.Programs, e.ScratchLimit = programs(t, `$REAL "$@"; sleep 600`), 1<<20
	var over *postgres.OverflowError
	if _, err := postgres.New(cfg, e).Capture(t.Context()); !errors.As(err, &over) || over.Limit != 1<<20 || over.Size <= 1<<20 {
		t.Errorf("got %v", err)
	}
}

// Room is looked for before anything is dumped.
func TestNoRoom(t *testing.T) {
	s := server(t)
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("root may mount a small file system, others not: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	var full *scratch.NoRoomError
	if _, err := postgres.New(config(t, s, "postgres"), postgres.Env{Scratch: dir}).Capture(t.Context()); !errors.As(err, &full) {
		t.Errorf("got %v", err)
	}
}

func TestWrongPassword(t *testing.T) {
	s := server(t)
	const wrong = "not-the-Pass:w\\ord"
	name := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(name, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config(t, s, "postgres")
	cfg.Password = passwordFile(t, name)
	var said []string
	e := env(t)
	e.Log = func(l string) { said = append(said, l) }
	_, err := postgres.New(cfg, e).Capture(t.Context())
	if err == nil || !strings.Contains(err.Error(), "password authentication failed") || strings.Contains(err.Error()+fmt.Sprint(said), "Pass") {
		t.Errorf("got %v; said %q", err, said)
	}
	cfg.Password, _ = secret.Parse("{env:IVYVAULT_NO_SUCH_VARIABLE}")
	if _, err := postgres.New(cfg, env(t)).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "IVYVAULT_NO_SUCH_VARIABLE") {
		t.Errorf("got %v", err)
	}
}

// A user who can't read all is told what to grant, and after each grant what
// is lacking still, until the capture succeeds.
func TestRights(t *testing.T) {
	s := server(t)
	c := create(t, s, "rights", "")
	run(t, c, `CREATE ROLE "weak one" LOGIN PASSWORD 'weak-password'`, `CREATE SCHEMA s`, `CREATE TABLE s.t (id serial PRIMARY KEY)`, `INSERT INTO s.t DEFAULT VALUES`,
		`ALTER TABLE s.t ENABLE ROW LEVEL SECURITY`, `CREATE POLICY p ON s.t USING (true)`, `SELECT lo_from_bytea(77, 'x')`)
	name := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(name, []byte("weak-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config(t, s, "rights")
	cfg.User, cfg.Password = "weak one", passwordFile(t, name)
	for _, step := range []struct {
		lacks  []string
		remedy string
		run    string
	}{
		{[]string{"schema s", "s.t", "s.t_id_seq"}, `GRANT pg_read_all_data TO "weak one";`, `GRANT pg_read_all_data TO "weak one"`},
		{[]string{"row security hides rows of the table s.t"}, `ALTER ROLE "weak one" BYPASSRLS;`, `ALTER ROLE "weak one" BYPASSRLS`},
		{[]string{"no right to read 1 large objects"}, `LARGE OBJECT`, `GRANT SELECT ON LARGE OBJECT 77 TO "weak one"`},
	} {
		_, err := postgres.New(cfg, env(t)).Capture(t.Context())
		var lacking *postgres.RightsError
		if !errors.As(err, &lacking) || !strings.Contains(strings.Join(lacking.Remedy, " "), step.remedy) {
			t.Fatalf("got %v", err)
		}
		for _, l := range step.lacks {
			if !strings.Contains(err.Error(), l) {
				t.Errorf("no %q in %v", l, err)
			}
		}
		run(t, c, step.run)
	}
	cfg.Globals = "no-passwords" // who reads all data may read those too
	dir, facts := take(t, cfg, env(t))
	if facts.Counts["s.t"] != 1 || !strings.Contains(strings.Join(facts.Notes, " "), "without their passwords") {
		t.Errorf("facts %+v", facts)
	}
	if p, err := os.ReadFile(filepath.Join(dir, "globals.sql")); err != nil || strings.Contains(string(p), "SCRAM-SHA-256$") || !strings.Contains(string(p), "weak one") {
		t.Errorf("globals: %s, %v", p, err)
	}
}
