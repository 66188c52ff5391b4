package mysql_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/mysql"
	"ivyvault/sources/mysql/mysqltest"
	"ivyvault/sources/sourcetest"
)

func TestConformance(t *testing.T) {
	s := server(t)
	create(t, s, "conform")
	ask(t, s, "conform", "CREATE TABLE a (i int); INSERT INTO a SELECT seq FROM seq_1_to_1000; CREATE TABLE b (x text)")
	sourcetest.Run(t, func(t *testing.T) sources.Source { return mysql.New(config(t, s, "conform"), env(t)) })
}

const hostile = "Tab.le/ \"q\" 'x' ü`\n2; DROP TABLE -- /*"

// fill makes a database of everything that has to come back.
func fill(t testing.TB, s *mysqltest.Server, name string) {
	t.Helper()
	create(t, s, name)
	ask(t, s, name, `
CREATE ROLE IF NOT EXISTS `+"`"+name+"_role`"+`;
CREATE USER IF NOT EXISTS `+"`"+name+"_reader`"+`@'%' IDENTIFIED BY 'reader;''password' WITH MAX_USER_CONNECTIONS 7;
CREATE TABLE claims (id int AUTO_INCREMENT PRIMARY KEY, mood enum('calm','busy') NOT NULL DEFAULT 'calm', amount decimal(12,2), note text COMMENT 'it''s; free -- (',
	twice decimal(14,2) AS (amount * 2) STORED, doc blob, bits bit(3), best_step int, touched bool DEFAULT false, KEY by_mood (mood, amount)) COMMENT 'what; is (claimed';
CREATE TABLE steps (id bigint AUTO_INCREMENT PRIMARY KEY, claim int NOT NULL, name varchar(40), UNIQUE (claim, name), FOREIGN KEY (claim) REFERENCES claims (id));
INSERT INTO claims (mood, amount, note, doc, bits) SELECT IF(seq % 3 = 0, 'busy', 'calm'), seq * 1.25,
	IF(seq % 7 = 0, NULL, CONCAT('line\n;INSERT INTO x VALUES (1),(2);\t\\ ''q'' "ü" ', seq)), UNHEX(MD5(seq)), b'101' FROM seq_1_to_3000;
INSERT INTO steps (claim, name) SELECT 1 + seq % 3000, CONCAT('step ', seq) FROM seq_1_to_5000;
UPDATE claims SET best_step = (SELECT MIN(id) FROM steps WHERE claim = claims.id);
CREATE TABLE best (claim int PRIMARY KEY, step bigint, FOREIGN KEY (step) REFERENCES steps (id));
INSERT INTO best SELECT id, best_step FROM claims WHERE id <= 100;
ALTER TABLE steps ADD COLUMN of_best int NULL, ADD FOREIGN KEY (of_best) REFERENCES best (claim);
CREATE TABLE `+quote(hostile)+` (`+"`Col. ``a``;`"+` int PRIMARY KEY, `+"`UPPER`"+` text);
INSERT INTO `+quote(hostile)+` SELECT seq, 'x' FROM seq_1_to_50;
CREATE TABLE empty (i int);
CREATE TABLE parts (at int) PARTITION BY RANGE (at) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parts SELECT seq FROM seq_1_to_20;
CREATE TABLE ACT_GE_PROPERTY (NAME_ varchar(64), VALUE_ varchar(300), REV_ int);
INSERT INTO ACT_GE_PROPERTY VALUES ('schema.version', '7.2.0.2', 1), ('next.dbid', '1', 1);
CREATE TABLE ACT_CO_DATABASECHANGELOG (ID varchar(255), AUTHOR varchar(255), ORDEREXECUTED int);
INSERT INTO ACT_CO_DATABASECHANGELOG VALUES ('1', 'a', 1), ('3', 'a', 3), ('2', 'a', 2);
CREATE SEQUENCE numbers START WITH 500;
SELECT NEXTVAL(numbers);
CREATE VIEW busy AS SELECT id, amount FROM claims WHERE mood = 'busy';
CREATE VIEW `+"`Vi;ew`"+` AS SELECT * FROM busy;
GRANT SELECT, UPDATE (note) ON claims TO `+"`"+name+"_role`"+`;
GRANT `+"`"+name+"_role`"+` TO `+"`"+name+"_reader`"+`@'%';
DELIMITER $$
CREATE PROCEDURE tidy(IN n int) BEGIN DELETE FROM empty WHERE i > n; SELECT ';'; END$$
CREATE FUNCTION half(n int) RETURNS int DETERMINISTIC BEGIN RETURN n / 2; END$$
CREATE TRIGGER touch BEFORE INSERT ON claims FOR EACH ROW BEGIN SET NEW.touched = true; END$$
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO BEGIN CALL tidy(3); END$$
CREATE DEFINER=`+"`"+name+"_reader`"+`@'%' PROCEDURE theirs() SELECT 1$$
DELIMITER ;
GRANT EXECUTE ON PROCEDURE tidy TO `+"`"+name+"_reader`"+`@'%';
`)
}

// state tells all that there is in a database of fill, row by row.
func state(t testing.TB, s *mysqltest.Server, name string) string {
	t.Helper()
	return ask(t, s, name, `SELECT *, HEX(doc), HEX(bits) FROM claims ORDER BY id; SELECT * FROM steps ORDER BY id; SELECT * FROM best ORDER BY claim; SELECT * FROM `+quote(hostile)+` ORDER BY 1;
SELECT * FROM parts ORDER BY at; SELECT * FROM `+"`Vi;ew`"+` ORDER BY id; SHOW CREATE TABLE claims; SHOW CREATE TABLE steps; SHOW CREATE TABLE best; SHOW CREATE TABLE parts; SHOW CREATE TABLE `+quote(hostile)+`;
SHOW CREATE VIEW busy; SELECT ROUTINE_NAME, ROUTINE_DEFINITION, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1;
SELECT TRIGGER_NAME, ACTION_STATEMENT, DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE();
SELECT EVENT_NAME, EVENT_DEFINITION, STATUS, DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE();
SELECT * FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()`)
}

// accounts tells who may do what.
func accounts(t testing.TB, s *mysqltest.Server, name string) string {
	t.Helper()
	return ask(t, s, "", "SHOW CREATE USER `"+name+"_reader`@'%'; SHOW GRANTS FOR `"+name+"_reader`@'%'; SHOW GRANTS FOR `"+name+"_role`")
}

func same(t testing.TB, got, want string) {
	t.Helper()
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Errorf("line %d of %d and %d differs: got\n%.900s\nwant\n%.900s", i+1, len(a), len(b), strings.Join(a[min(i, len(a)):], "\n"), strings.Join(b[min(i, len(b)):], "\n"))
			return
		}
	}
}

func TestWhole(t *testing.T) {
	s := server(t)
	const name = "Hö st'i\"l;e"
	fill(t, s, name)
	want, rights := state(t, s, name), accounts(t, s, name)
	dir, facts := take(t, config(t, s, name), env(t))
	for k, n := range map[string]int64{"claims": 3000, "steps": 5000, "best": 100, "empty": 0, "parts": 20, "Tab%2Ele%2F \"q\" 'x' ü`%0A2; DROP TABLE -- %2F*": 50} {
		if got, ok := facts.Counts[k]; !ok || got != n {
			t.Errorf("%s: counted %d (%v), want %d", k, got, ok, n)
		}
	}
	for k, v := range map[string]string{"ACT_GE_PROPERTY schema.version": "7.2.0.2", "ACT_CO_DATABASECHANGELOG last": "3", "ACT_CO_DATABASECHANGELOG rows": "3"} {
		if facts.Schema[k] != v {
			t.Errorf("the version %q is %q, want %q", k, facts.Schema[k], v)
		}
	}
	if facts.Consistency != sources.Snapshot || facts.Product != "MariaDB" || !strings.Contains(facts.Details["binary log"], "MASTER_LOG_POS") {
		t.Errorf("facts: %+v", facts)
	}
	part := mysql.New(config(t, s, name), env(t))
	var occupied *sources.OccupiedError
	if _, err := part.Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Facts: facts}); !errors.As(err, &occupied) {
		t.Fatalf("a restore over what lives: %v", err)
	}
	same(t, state(t, s, name), want)
	ask(t, s, "", "DROP DATABASE "+quote(name)+"; DROP USER "+quote(name+"_reader")+"@'%'; DROP ROLE "+quote(name+"_role"))
	done, err := part.Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Facts: facts})
	if err != nil {
		t.Fatal(err)
	}
	same(t, state(t, s, name), want)
	same(t, accounts(t, s, name), rights)
	if done.Counts["claims"] != 3000 {
		t.Errorf("restored: %+v", done)
	}
	for _, n := range done.Notes { // root may be proxy for others, and we may not say so
		if !strings.Contains(n, "ERROR 1698") {
			t.Errorf("noted: %s", n)
		}
	}
	if got := ask(t, s, name, "SELECT NEXTVAL(numbers) > 500"); got != "1\n" {
		t.Errorf("the sequence goes on: %q", got)
	}
	ask(t, s, name, "DELETE FROM parts; CREATE TABLE later (i int); DROP PROCEDURE tidy")
	if _, err := part.Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Facts: facts, Replace: true}); err != nil {
		t.Fatal(err)
	}
	same(t, state(t, s, name), want)
}

// One table comes back alone, with its keys and triggers.
func TestTable(t *testing.T) {
	s := server(t)
	fill(t, s, "onetable")
	dir, facts := take(t, config(t, s, "onetable"), env(t))
	want := state(t, s, "onetable")
	only := func(database string, replace bool, names ...string) error {
		_, err := mysql.New(config(t, s, database), env(t)).Restore(t.Context(), os.DirFS(dir), sources.RestoreOptions{Only: names, Facts: facts, Replace: replace})
		return err
	}
	var occupied *sources.OccupiedError
	if err := only("onetable", false, "claims"); !errors.As(err, &occupied) || !strings.Contains(err.Error(), "claims") {
		t.Errorf("over what lives: %v", err)
	}
	ask(t, s, "onetable", "SET FOREIGN_KEY_CHECKS = 0; DELETE FROM claims; DROP TABLE "+quote(hostile))
	if err := only("onetable", true, "claims", hostile); err != nil {
		t.Fatal(err)
	}
	same(t, state(t, s, "onetable"), want)
	drop(t, s, "elsewhere")
	if err := only("elsewhere", false, "claims"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, "elsewhere", "INSERT INTO claims (amount) VALUES (1); SELECT COUNT(*), MAX(touched), MAX(id) > 3000 FROM claims; SHOW TABLES"); got != "3001\t1\t1\nclaims\n" {
		t.Errorf("elsewhere: %q", got)
	}
	if err := only("elsewhere", false, "nosuch"); err == nil || !strings.Contains(err.Error(), "there is no table") {
		t.Errorf("got %v", err)
	}
}
