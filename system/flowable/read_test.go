package flowable

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// scripted reads a script and returns the rows as text.
func scripted(script string, backslash bool, piece int) (out []string, err error) {
	s := newScriptReader(backslash, wanted)
	s.row = func(schema, table string, v []value) { out = append(out, fmt.Sprint(schema, " ", table, " ", v)) }
	for script != "" {
		n := min(piece, len(script))
		if err := s.take([]byte(script[:n])); err != nil {
			return out, err
		}
		script = script[n:]
	}
	return out, nil
}

// What H2 wrote of real engines is read, in whatever pieces it comes.
func TestScriptsOfH2(t *testing.T) {
	for name, want := range map[string][]string{
		"testdata/content-h2-1.4.200.sql": {"act_co_content_item", "task.t-1001.42e71c15-e5a6-11f1-9c09-02fc00000001", "{file false}", "{TRUE false} {3013 false}"},
		"testdata/engine-h2-2.3.232.sql":  {"PUBLIC act_hi_attachment [{619b860a-e5a6-11f1-8935-02fc00000001 false} {scan.pdf false} {619b860b-e5a6-11f1-8935-02fc00000001 false}]"},
	} {
		p, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := scripted(string(p), false, len(p))
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(whole, "\n")
		for _, w := range want {
			if !strings.Contains(all, w) {
				t.Errorf("%s: no %q in\n%s", name, w, all)
			}
		}
		for _, piece := range []int{1, 7, 100} {
			if got, err := scripted(string(p), false, piece); err != nil || !slices.Equal(got, whole) {
				t.Errorf("%s in pieces of %d: %d rows of %d, %v", name, piece, len(got), len(whole), err)
			}
		}
	}
}

func TestScript(t *testing.T) {
	for _, c := range []struct {
		name, script string
		mysql        bool
		want         string
		fails        bool
	}{
		{name: "columns in another order", script: `CREATE TABLE a.act_hi_attachment (content_id_ text, "NAME_" text, id_ text, CONSTRAINT x PRIMARY KEY (id_, name_)); INSERT INTO a.act_hi_attachment VALUES ('c','n','i');`,
			want: "a act_hi_attachment [{i false} {n false} {c false}]"},
		{name: "columns named in the statement", script: `INSERT INTO act_ge_bytearray (rev_, id_) VALUES (1, 'x'), (2, 'y');`,
			want: " act_ge_bytearray [{x false}]; act_ge_bytearray [{y false}]"},
		{name: "strings that look like ends", script: `CREATE TABLE T(a text); INSERT INTO T VALUES (');'' INSERT INTO act_ge_bytearray (id_) VALUES (''no'');'); -- ; '
/* ' ; */ INSERT INTO act_ge_bytearray (id_) VALUES ('ye''s');`, want: " act_ge_bytearray [{ye's false}]"},
		{name: "beyond ASCII in H2", script: `INSERT INTO act_ge_bytearray (id_) VALUES (U&'Zo\00eb\\'), (STRINGDECODE('Zo\u00eb')), (NULL), ('NULL');`,
			want: ` act_ge_bytearray [{Zoë\ false}]; act_ge_bytearray [{Zoë false}]; act_ge_bytearray [{NULL true}]; act_ge_bytearray [{NULL false}]`},
		{name: "MySQL", mysql: true, script: "/*!40101 SET NAMES utf8 */;\nCREATE TABLE `ACT_GE_BYTEARRAY` (\n  `ID_` varchar(64) NOT NULL,\n  `BYTES_` longblob,\n  PRIMARY KEY (`ID_`),\n  KEY `x` (`BYTES_`)\n) ENGINE=InnoDB;\n" +
			"INSERT INTO `ACT_GE_BYTEARRAY` VALUES\n('it\\'s;\\\\',0x00FF),\n('b',NULL);\n", want: ` act_ge_bytearray [{it's;\ false}]; act_ge_bytearray [{b false}]`},
		{name: "a function's body", script: `CREATE FUNCTION f() RETURNS text AS $x$ begin; INSERT INTO act_ge_bytearray (id_) VALUES ('no'); $y$ $x$; INSERT INTO act_ge_bytearray (id_) VALUES ('yes');`,
			want: " act_ge_bytearray [{yes false}]"},
		{name: "a column that is computed", script: `CREATE TABLE act_ge_bytearray (sum int GENERATED ALWAYS AS (1) STORED, id_ text); INSERT INTO act_ge_bytearray VALUES ('x');`,
			want: " act_ge_bytearray [{x false}]"},
		{name: "a row that is too short", script: `INSERT INTO act_ge_bytearray (id_, rev_) VALUES ('x');`, fails: true},
		{name: "rows of a table that was not defined", script: `INSERT INTO act_ge_bytearray VALUES ('x');`, fails: true},
		{name: "a table that lacks a column", script: `CREATE TABLE act_hi_attachment (id_ text); INSERT INTO act_hi_attachment VALUES ('x');`, fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, piece := range []int{1, 3, 1 << 20} {
				rows, err := scripted(c.script, c.mysql, piece)
				if c.fails != (err != nil) {
					t.Fatalf("in pieces of %d: error %v", piece, err)
				}
				if got := strings.Join(rows, ";"); !c.fails && got != c.want {
					t.Errorf("in pieces of %d: %s\nwant %s", piece, got, c.want)
				}
			}
		})
	}
}

// copied reads COPY text and returns the wanted values of all rows.
func copied(text string, columns, wanted []string, piece int) (out [][]value, err error) {
	c, err := newCopyReader(columns, wanted, func(v []value) { out = append(out, slices.Clone(v)) })
	for err == nil && text != "" {
		n := min(piece, len(text))
		err = c.take([]byte(text[:n]))
		text = text[n:]
	}
	return out, err
}

// Any values come back from COPY text, in whatever pieces it comes.
func TestCopy(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	escaped := strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\b", `\b`, "\f", `\f`, "\v", `\v`)
	columns, wanted := []string{"a", "b", "c"}, []string{"c", "a"}
	for range 200 {
		var text strings.Builder
		var want [][]value
		for range r.IntN(5) {
			row := make([]value, 3)
			for i := range row {
				if row[i].null = r.IntN(4) == 0; row[i].null {
					text.WriteString(`\N`)
				} else {
					for range r.IntN(6) {
						row[i].text += string("\\\t\n\r\b\f\vN.ë"[r.IntN(10)])
					}
					text.WriteString(escaped.Replace(row[i].text))
				}
				text.WriteByte("\t\t\n"[i])
			}
			want = append(want, []value{row[2], row[0]})
		}
		text.WriteString("\\.\n\n\n")
		got, err := copied(text.String(), columns, wanted, 1+r.IntN(9))
		for i := range got {
			for j := range got[i] {
				if got[i][j].null {
					got[i][j].text = ""
				}
			}
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q became %v, %v, want %v", text.String(), got, err, want)
		}
	}
	for _, bad := range []string{"a\tb\n", "a\tb\tc\td\n"} {
		if _, err := copied(bad, columns, wanted, 100); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// Nothing that comes makes the readers fail badly or keep much.
func FuzzReaders(f *testing.F) {
	for _, name := range []string{"testdata/content-h2-1.4.200.sql", "testdata/engine-h2-2.3.232.sql"} {
		p, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p, true)
	}
	f.Add([]byte("a\tb\tc\n\\.\n"), false)
	f.Fuzz(func(t *testing.T, p []byte, backslash bool) {
		whole, err := scripted(string(p), backslash, len(p)+1)
		pieces, perr := scripted(string(p), backslash, 1)
		if err == nil && (perr != nil || !slices.Equal(whole, pieces)) {
			t.Errorf("%d rows at once and %d in pieces", len(whole), len(pieces))
		}
		for _, row := range whole {
			if len(row) > 8*longest {
				t.Errorf("a row of %d bytes was kept", len(row))
			}
		}
		if _, err := copied(string(p), []string{"a", "b"}, []string{"b"}, 7); err == nil {
			_, err := copied(string(p), []string{"a", "b"}, []string{"b"}, len(p)+1)
			if err != nil {
				t.Errorf("only at once: %v", err)
			}
		}
	})
}

func BenchmarkCopy(b *testing.B) {
	line := []byte("id-4711\t1\tname\tdeployment\t\\\\x" + strings.Repeat("0123456789abcdef", 4096) + "\tf\n")
	c, err := newCopyReader([]string{"id_", "rev_", "name_", "deployment_id_", "bytes_", "generated_"}, []string{"id_"}, func([]value) {})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if err := c.take(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScript(b *testing.B) {
	line := []byte("INSERT INTO `ACT_GE_BYTEARRAY` (`ID_`,`BYTES_`) VALUES ('id-4711',0x" + strings.Repeat("0123456789abcdef", 4096) + ");\n")
	s := newScriptReader(true, wanted)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if err := s.take(line); err != nil {
			b.Fatal(err)
		}
	}
}
