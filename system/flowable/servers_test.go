package flowable

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"ivyvault/sources"
	"ivyvault/sources/mysql"
	"ivyvault/sources/mysql/mysqltest"
	"ivyvault/sources/postgres"
	"ivyvault/sources/postgres/pgtest"
	"ivyvault/sources/secret"
	"ivyvault/sources/tap"
)

// tablesOf are the tables, with the types that the engine gives them on each
// server: its truth values are bits on one and booleans on the other.
func tablesOf(truth, bytes string) string {
	return strings.NewReplacer("TRUTH", truth, "BYTES", bytes).Replace(`
CREATE TABLE ACT_CO_CONTENT_ITEM (ID_ VARCHAR(255) NOT NULL, NAME_ VARCHAR(255), MIME_TYPE_ VARCHAR(255), CONTENT_STORE_ID_ VARCHAR(255),
  CONTENT_STORE_NAME_ VARCHAR(255), FIELD_ VARCHAR(400), CONTENT_AVAILABLE_ TRUTH DEFAULT NULL, CONTENT_SIZE_ BIGINT, CONSTRAINT PK_ITEM PRIMARY KEY (ID_));
CREATE TABLE ACT_HI_ATTACHMENT (ID_ VARCHAR(255) NOT NULL, NAME_ VARCHAR(255), CONTENT_ID_ VARCHAR(64), PRIMARY KEY (ID_));
CREATE TABLE ACT_GE_BYTEARRAY (ID_ VARCHAR(64) NOT NULL, BYTES_ BYTES, PRIMARY KEY (ID_));
CREATE TABLE unrelated (ID_ VARCHAR(64), words VARCHAR(255));
INSERT INTO unrelated VALUES ('x', 'INSERT INTO ACT_GE_BYTEARRAY VALUES (''no'');');
INSERT INTO ACT_HI_ATTACHMENT VALUES ('a1', 'scan', 'b1'), ('a2', 'a link', NULL), ('a3', 'lost', 'b9');
`)
}

// captureRows captures a part with its rows watched.
func captureRows(t *testing.T, p sources.Source) *Rows {
	t.Helper()
	r := NewRows("databases/x")
	c, err := tap.New(p, r).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Item == nil || e.Attr.Type != sources.File {
			continue
		}
		in, err := e.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, in)
		if err := errors.Join(err, in.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := r.readable(); !ok || err != nil {
		t.Fatalf("readable %v, %v", ok, err)
	}
	return r
}

// expectRows is what all servers must have told.
func expectRows(t *testing.T, r *Rows) {
	t.Helper()
	var items []item
	attachments, missing := 0, 0
	for _, f := range r.files {
		items = append(items, f.items...)
	}
	arrays := map[uint64]struct{}{}
	for _, f := range r.files {
		for k := range f.arrays {
			arrays[k] = struct{}{}
		}
	}
	for _, f := range r.files {
		for _, a := range f.attachments {
			attachments++
			if _, ok := arrays[a.content]; !ok {
				missing++
			}
		}
	}
	slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.id, b.id) })
	want := []item{
		{"1", "it's \"Zoë\"; a\\b\n\tc", "task.7." + u1, "file", 3},
		{"3", "no size", "proc.8." + u2, "file", -1},
	}
	if !slices.Equal(items, want) {
		t.Errorf("the items are %+v", items)
	}
	if attachments != 2 || missing != 1 || len(arrays) != 2 {
		t.Errorf("%d attachments, %d of them lost, %d byte arrays", attachments, missing, len(arrays))
	}
}

func password(t *testing.T, file string) secret.Value {
	t.Helper()
	v, err := secret.Parse("{file:" + file + "}")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRowsOfPostgreSQL(t *testing.T) {
	pgtest.Need(t)
	s, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	ctx := context.Background()
	conn, err := s.Connect(ctx, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, tablesOf("BOOLEAN", "BYTEA")+`
INSERT INTO ACT_CO_CONTENT_ITEM VALUES ('1', E'it''s "Zoë"; a\\b\n\tc', 'text/plain', 'task.7.`+u1+`', 'file', NULL, true, 3),
  ('2', 'not there', NULL, 'task.7.`+u2+`', 'file', NULL, false, 3), ('3', 'no size', NULL, 'proc.8.`+u2+`', 'file', NULL, true, NULL), ('4', 'unknown', NULL, 'x', 'file', NULL, NULL, 1);
INSERT INTO ACT_GE_BYTEARRAY VALUES ('b1', decode(repeat('00ff275c0a', 100000), 'hex')), ('b2', NULL);`); err != nil {
		t.Fatal(err)
	}
	expectRows(t, captureRows(t, postgres.New(postgres.Config{Host: "127.0.0.1", Port: s.Port, User: s.User, Password: password(t, s.PasswordFile), Database: "postgres", SSLMode: "disable"}, postgres.Env{Scratch: t.TempDir()})))
}

func TestRowsOfMariaDB(t *testing.T) {
	mysqltest.Need(t)
	s, err := mysqltest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if _, err := s.Query(t.Context(), "", "CREATE DATABASE claims CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Query(t.Context(), "claims", "SET NAMES utf8mb4;"+tablesOf("BIT(1)", "LONGBLOB")+`
INSERT INTO ACT_CO_CONTENT_ITEM VALUES ('1', 'it''s "Zoë"; a\\b\n\tc', 'text/plain', 'task.7.`+u1+`', 'file', NULL, 1, 3),
  ('2', 'not there', NULL, 'task.7.`+u2+`', 'file', NULL, 0, 3), ('3', 'no size', NULL, 'proc.8.`+u2+`', 'file', NULL, 1, NULL), ('4', 'unknown', NULL, 'x', 'file', NULL, NULL, 1);
INSERT INTO ACT_GE_BYTEARRAY VALUES ('b1', UNHEX(REPEAT('00ff275c0a', 100000))), ('b2', NULL);`); err != nil {
		t.Fatal(err)
	}
	expectRows(t, captureRows(t, mysql.New(mysql.Config{Host: "127.0.0.1", Port: s.Port, User: s.User, Password: password(t, s.PasswordFile), Database: "claims"}, mysql.Env{Scratch: t.TempDir()})))
}
