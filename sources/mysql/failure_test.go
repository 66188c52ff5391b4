package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/mysql"
	"ivyvault/sources/mysql/mysqltest"
)

// programs makes a folder of programs in which mariadb-dump is a script where
// it dumps rows; $REAL is the true one.
func programs(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	client, err := exec.LookPath("mariadb")
	if err != nil {
		t.Fatal(err)
	}
	real, err := exec.LookPath("mariadb-dump")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(client, filepath.Join(dir, "mariadb")); err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/bash\nREAL=" + real + "\nHERE=" + dir + "\ncase \" $* \" in *' --hex-blob '*) ;; *) exec $REAL \"$@\";; esac\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "mariadb-dump"), []byte(text), 0o700); err != nil {
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

// midDump begins a capture and calls strike when the dump program has written
// a part of the rows. It returns what the capture ended with.
func midDump(t *testing.T, s *mysqltest.Server, ctx context.Context, strike func(pid int)) error {
	t.Helper()
	ask(t, s, "", "CREATE DATABASE IF NOT EXISTS held")
	ask(t, s, "held", "CREATE TABLE IF NOT EXISTS large AS SELECT seq, REPEAT(MD5(seq), 10) AS text FROM seq_1_to_20000")
	cfg := config(t, s, "held")
	cfg.Programs = programs(t, `set -o pipefail
(echo $BASHPID > $HERE/pid; exec $REAL "$@") | (head -c 300000; touch $HERE/started; while [ ! -e $HERE/go ]; do sleep 0.02; done; cat)`)
	ended := make(chan error, 1)
	go func() {
		cap, err := mysql.New(cfg, env(t)).Capture(ctx)
		if err == nil {
			err = errors.Join(errors.New("it succeeded"), cap.Close(context.Background()))
		}
		ended <- err
	}()
	until(t, "the dump is under way", func() bool { _, err := os.Stat(filepath.Join(cfg.Programs, "started")); return err == nil })
	text, err := os.ReadFile(filepath.Join(cfg.Programs, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	strike(pid)
	if err := os.WriteFile(filepath.Join(cfg.Programs, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err = <-ended
	until(t, "the dump program is gone", func() bool { return syscall.Kill(pid, 0) != nil })
	return err
}

func TestToolKilled(t *testing.T) {
	s := server(t)
	err := midDump(t, s, t.Context(), func(pid int) { syscall.Kill(pid, syscall.SIGKILL) })
	if err == nil || !strings.Contains(err.Error(), "mariadb-dump failed with exit code 137") {
		t.Errorf("got %v", err)
	}
}

func TestCancelled(t *testing.T) {
	s := server(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := midDump(t, s, ctx, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestServerKilled(t *testing.T) {
	mysqltest.Need(t)
	s, err := mysqltest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	err = midDump(t, s, t.Context(), func(int) { s.Kill() })
	if err == nil || !strings.Contains(err.Error(), "Lost connection") {
		t.Errorf("got %v", err)
	}
}

// A dump that ends early is noticed also where the program says all went well.
func TestCutOff(t *testing.T) {
	s := server(t)
	create(t, s, "short")
	ask(t, s, "short", "CREATE TABLE a AS SELECT seq FROM seq_1_to_20000")
	cfg := config(t, s, "short")
	cfg.Programs = programs(t, `$REAL "$@" | head -c 50000; exit 0`)
	if _, err := mysql.New(cfg, env(t)).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("got %v", err)
	}
}

func TestScratchLimit(t *testing.T) {
	s := server(t)
	create(t, s, "toolarge")
	ask(t, s, "toolarge", "CREATE TABLE large AS SELECT seq, REPEAT(MD5(seq), 10) AS text FROM seq_1_to_20000")
	cfg, e := config(t, s, "toolarge"), env(t)
	cfg.Programs, e.ScratchLimit = programs(t, `$REAL "$@"; sleep 600`), 1<<20
	var over *mysql.OverflowError
	if _, err := mysql.New(cfg, e).Capture(t.Context()); !errors.As(err, &over) || over.Size <= 1<<20 {
		t.Errorf("got %v", err)
	}
}

func TestDefinitionsChange(t *testing.T) {
	s := server(t)
	create(t, s, "moving")
	ask(t, s, "moving", "CREATE TABLE a (i int)")
	cfg := config(t, s, "moving")
	cfg.Programs = programs(t, `$REAL "$@" && touch $HERE/started; while [ ! -e $HERE/go ]; do sleep 0.02; done`)
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(cfg.Programs, "started")); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		s.Query(context.Background(), "moving", "ALTER TABLE a ADD COLUMN j int")
		os.WriteFile(filepath.Join(cfg.Programs, "go"), nil, 0o600)
	}()
	if _, err := mysql.New(cfg, env(t)).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "were changed while they were dumped") {
		t.Errorf("got %v", err)
	}
}

func TestWrongPasswordAndRights(t *testing.T) {
	s := server(t)
	create(t, s, "rights")
	ask(t, s, "rights", "CREATE TABLE a (i int); CREATE TABLE b (i int) ENGINE=MyISAM; INSERT INTO b VALUES (1); CREATE OR REPLACE USER weak@'%' IDENTIFIED BY 'weak-password'; GRANT INSERT ON rights.* TO weak@'%'")
	t.Cleanup(func() { ask(t, s, "", "DROP USER weak@'%'") })
	name := filepath.Join(t.TempDir(), "p")
	cfg := config(t, s, "rights")
	cfg.User = "weak"
	cfg.Password = config(t, &mysqltest.Server{PasswordFile: name}, "").Password
	try := func(password string) error {
		t.Helper()
		if err := os.WriteFile(name, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		var said []string
		e := env(t)
		e.Log = func(l string) { said = append(said, l) }
		_, err := mysql.New(cfg, e).Capture(t.Context())
		if err == nil {
			t.Fatal("it succeeded")
		}
		if strings.Contains(err.Error()+fmt.Sprint(said), password) {
			t.Errorf("the password is in %v or %q", err, said)
		}
		return err
	}
	if err := try("not-the-Pass\"w\\ord"); !strings.Contains(err.Error(), "Access denied") {
		t.Errorf("got %v", err)
	}
	// The server hides tables on which one has no right: that must not pass.
	var lacking *mysql.RightsError
	if err := try("weak-password"); !errors.As(err, &lacking) || !strings.Contains(err.Error(), "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `rights`.* TO 'weak'@'%'") {
		t.Errorf("got %v", err)
	}
	ask(t, s, "", "GRANT SHOW VIEW, TRIGGER, EVENT ON rights.* TO weak@'%'; GRANT SELECT ON rights.a TO weak@'%'")
	if err := try("weak-password"); !errors.As(err, &lacking) || len(lacking.Lacking) != 1 {
		t.Errorf("got %v", err)
	}
	ask(t, s, "", "GRANT SELECT ON `righ%`.* TO weak@'%'") // of no use: the exact name goes first
	if err := try("weak-password"); !errors.As(err, &lacking) || len(lacking.Lacking) != 1 {
		t.Errorf("got %v", err)
	}
	ask(t, s, "", "REVOKE SHOW VIEW, TRIGGER, EVENT, INSERT ON rights.* FROM weak@'%'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `righ%`.* TO weak@'%'")
	var mixed *mysql.NonTransactionalError
	if err := try("weak-password"); !errors.As(err, &mixed) || mixed.Tables[0] != "b (MyISAM)" {
		t.Errorf("got %v", err)
	}
	cfg.NonTransactional = "note"
	dir, facts := take(t, cfg, env(t))
	if facts.Consistency != sources.Hot || facts.Counts["b"] != 1 || !strings.Contains(strings.Join(facts.Notes, " "), "accounts were not captured") {
		t.Errorf("facts: %+v", facts)
	}
	if _, err := os.Stat(filepath.Join(dir, "users.sql")); err == nil {
		t.Error("accounts were captured by one who may not read them")
	}
}

var balance = regexp.MustCompile(`(?m)^\((\d+),(-?\d+)\)`)

// Writers move money between two tables; in one point in time its sum stays.
func TestOnePointInTime(t *testing.T) {
	s := server(t)
	create(t, s, "bank")
	ask(t, s, "bank", `CREATE TABLE a_accounts (id int PRIMARY KEY, balance bigint); CREATE TABLE z_accounts (id int PRIMARY KEY, balance bigint);
INSERT INTO a_accounts SELECT seq, 1000 FROM seq_1_to_3000; INSERT INTO z_accounts SELECT seq, 1000 FROM seq_1_to_3000`)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				var b strings.Builder
				for range 200 {
					n := rand.IntN(100) - 50
					fmt.Fprintf(&b, "BEGIN; UPDATE a_accounts SET balance = balance - %d WHERE id = %d; UPDATE z_accounts SET balance = balance + %d WHERE id = %d; COMMIT;\n", n, 1+rand.IntN(3000), n, 1+rand.IntN(3000))
				}
				if _, err := s.Query(context.Background(), "bank", b.String()); err != nil && !strings.Contains(err.Error(), "Deadlock") {
					t.Error(err)
					return
				}
			}
		})
	}
	defer wg.Wait()
	defer stop()
	for range 3 {
		dir, _ := take(t, config(t, s, "bank"), env(t))
		var sum int
		for _, table := range []string{"a_accounts", "z_accounts"} {
			p, err := os.ReadFile(filepath.Join(dir, "tables", table+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			rows := balance.FindAllSubmatch(p, -1)
			if len(rows) != 3000 {
				t.Fatalf("%d rows of %s", len(rows), table)
			}
			for _, m := range rows {
				n, err := strconv.Atoi(string(m[2]))
				if err != nil {
					t.Fatal(err)
				}
				sum += n
			}
		}
		if sum != 6000*1000 {
			t.Errorf("the accounts hold %d", sum)
		}
	}
}
