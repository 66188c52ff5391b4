package h2

import (
	"slices"
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                   nil,
		";\n; -- nothing\n;":                 nil,
		"A;B":                                {"A", "B"},
		"INSERT INTO \"a;b\" VALUES(';');C;": {"INSERT INTO \"a;b\" VALUES(';')", "C"},
		"X 'it''s; ''';Y":                    {"X 'it''s; '''", "Y"},
		"X \"a\"\";\"\"b\";Y":                {"X \"a\"\";\"\"b\"", "Y"},
		"-- A;\nB":                           {"B"},
		"/* A;' */ B; C":                     {"B", "C"},
		"A $$ ;' $ -- $$ ; B":                {"A $$ ;' $ -- $$", "B"},
		"A a$$b;c$$d;e":                      {"A a$$b", "c$$d", "e"},
		"A - 1 / 2 * 3; B":                   {"A - 1 / 2 * 3", "B"},
		"A /* * / ** */;B":                   {"A", "B"},
		"VALUES('--', '/*');B":               {"VALUES('--', '/*')", "B"},
	} {
		var got []string
		for s, err := range statements(strings.NewReader(in)) {
			if err != nil {
				t.Errorf("%q: %v", in, err)
			}
			got = append(got, s)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q has %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"A 'b;", "A \"b", "/* c", "A $$ b", "A 'it''"} {
		var last error
		for _, err := range statements(strings.NewReader(in)) {
			last = err
		}
		if last == nil {
			t.Errorf("%q is taken for a whole script", in)
		}
	}
}

func TestAbout(t *testing.T) {
	for in, want := range map[string]struct {
		kind          kind
		schema, table string
	}{
		`CREATE CACHED TABLE "PUBLIC"."T"( "A" INT)`:                                                 {create, "PUBLIC", "T"},
		`CREATE MEMORY TABLE "PUBLIC".U&"\00e4'x"" ;--" COMMENT 'x'(`:                                {create, "PUBLIC", `ä'x" ;--`},
		`CREATE CACHED TABLE "P".U&"\+01f600\\"(`:                                                    {create, "P", `😀\`},
		`INSERT INTO "a.b"."c""d" VALUES (1)`:                                                        {insert, "a.b", `c"d`},
		`INSERT INTO "PUBLIC"."G"("A", "ID") OVERRIDING SYSTEM VALUE VALUES (3, 1)`:                  {insert, "PUBLIC", "G"},
		`INSERT INTO SYSTEM_LOB_STREAM VALUES(0, 0, 'x', NULL)`:                                      {lobs, "", ""},
		`INSERT INTO "PUBLIC"."SYSTEM_LOB_STREAM" VALUES(0)`:                                         {insert, "PUBLIC", "SYSTEM_LOB_STREAM"},
		`ALTER TABLE SYSTEM_LOB_STREAM ADD CONSTRAINT SYSTEM_LOB_STREAM_PRIMARY_KEY PRIMARY KEY(ID)`: {lobs, "", ""},
		`CREATE ALIAS IF NOT EXISTS SYSTEM_COMBINE_CLOB FOR 'x'`:                                     {lobs, "", ""},
		`CREATE PRIMARY KEY SYSTEM_LOB_STREAM_PRIMARY_KEY ON SYSTEM_LOB_STREAM(ID, PART)`:            {lobs, "", ""},
		`DROP TABLE IF EXISTS SYSTEM_LOB_STREAM`:                                                     {lobs, "", ""},
		`CREATE ALIAS "PUBLIC"."F" AS 'x'`:                                                           {other, "", ""},
		`ALTER TABLE "P"."T" ADD CONSTRAINT "P"."C" PRIMARY KEY("ID")`:                               {constraint, "P", "T"},
		`ALTER TABLE "P"."T" ADD CONSTRAINT "P"."FOREIGN" CHECK("A" > 1)`:                            {constraint, "P", "T"},
		`ALTER TABLE "P"."T" ADD CONSTRAINT "P"."C" FOREIGN KEY("P") REFERENCES "P"."X"("ID")`:       {foreign, "P", "T"},
		`CREATE UNIQUE NULLS DISTINCT INDEX "P"."I" ON "P"."T"("A" NULLS FIRST)`:                     {index, "P", "T"},
		`CREATE INDEX "P"."ON" ON "P"."T"("A")`:                                                      {index, "P", "T"},
		`CREATE FORCE VIEW "P"."V" AS SELECT 1`:                                                      {other, "", ""},
		`CREATE SEQUENCE "P"."S" START WITH 2 BELONGS_TO_TABLE`:                                      {sequence, "", ""},
		`CREATE USER IF NOT EXISTS "SA" SALT '' HASH '' ADMIN`:                                       {other, "", ""},
		`GRANT SELECT ON "P"."T" TO "BOB"`:                                                           {other, "", ""},
	} {
		if k, schema, table := about(in); k != want.kind || schema != want.schema || table != want.table {
			t.Errorf("%s: %d %q %q, want %v", in, k, schema, table, want)
		}
	}
}

// What is split and put together again splits the same way, and nothing that
// is read makes the reader fail otherwise than by an error.
func FuzzStatements(f *testing.F) {
	for _, s := range []string{"A;B", "X 'a;b' \"c;d\" $$;$$ -- e;\n/* ; */;Y", `CREATE TABLE U&"\+01f600"."\` + `"(`, "INSERT INTO a.b.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var first, second []string
		for s, err := range statements(strings.NewReader(in)) {
			if err != nil {
				return
			}
			first = append(first, s)
			about(s)
		}
		for s, err := range statements(strings.NewReader(strings.Join(first, "\n;\n"))) {
			if err != nil {
				t.Fatalf("%q became %q, which can't be read: %v", in, first, err)
			}
			second = append(second, s)
		}
		if !slices.Equal(first, second) {
			t.Fatalf("%q: %q, then %q", in, first, second)
		}
	})
}

func FuzzUnescape(f *testing.F) {
	for _, s := range []string{`"\\00e4"`, `\\\\`, `\+01f600`, `\+ffffff`, `\d83d\de00`, "\xff\\", `\12`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := unescape(in)
		if !strings.Contains(in, `\`) && out != in {
			t.Fatalf("%q became %q", in, out)
		}
		if len(out) > 3*len(in) {
			t.Fatalf("%d bytes became %d", len(in), len(out))
		}
	})
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{`a\00e4b`: "aäb", `\\`: `\`, `\+01f600`: "😀", `\d83d\de00`: "😀", `\12`: `\12`, "ä\\zzzz": "ä\\zzzz"} {
		if got := unescape(in); got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
}
