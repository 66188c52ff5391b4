package postgres

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	got := statements("-- a; b\n\\restrict x;y\nCREATE ROLE \"a;\"\"b\";\nALTER ROLE x PASSWORD 'p;''q';\nCOMMENT ON ROLE x IS E'it\\'s;';\nSET a = 'b\\';\n\\unrestrict x\n")
	want := []string{`CREATE ROLE "a;""b"`, `ALTER ROLE x PASSWORD 'p;''q'`, `COMMENT ON ROLE x IS E'it\'s;'`, `SET a = 'b\'`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if w := words(want[0], 4); !slices.Equal(w, []string{"CREATE", "ROLE", `a;"b`}) {
		t.Errorf("words %q", w)
	}
}

func FuzzStatements(f *testing.F) {
	f.Add(`CREATE ROLE "a;""b"; E'\';`)
	f.Fuzz(func(t *testing.T, script string) {
		for _, s := range statements(script) {
			if len(s) > len(script) || len(words(s, 4)) > 4 {
				t.Errorf("%q", s)
			}
		}
	})
}

func TestSettingValue(t *testing.T) {
	for _, c := range [][3]string{
		{"work_mem", "8MB", "'8MB'"}, {"x.y", `it's \`, ` E'it''s \\'`},
		{"search_path", `ivy, "$user", "a "", b"`, `'ivy', '$user', 'a ", b'`}, {"search_path", "", "''"},
	} {
		if got := settingValue(c[0], c[1]); got != c[2] {
			t.Errorf("%s = %s becomes %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func FuzzContents(f *testing.F) {
	f.Add("1; 2 3 TABLE DATA public a b\n;\tdepends on: 4 5\n")
	f.Fuzz(func(t *testing.T, list string) {
		items, err := parseContents(list)
		if err == nil && len(items) > 0 {
			selectItems(items, []*table{{OID: items[0].oid}})
		}
	})
}

func TestRows(t *testing.T) {
	for text, want := range map[string]int64{
		"\\.\n\n\n": 0, "a\n\\.\n\n\n": 1, "a\nb\n\\.\n": 2, "\n\n\\.\n\n\n": 2, "x\t\\\\.\n\\.\n\n\n": 1,
		strings.Repeat("a long line of text\n", 5000) + "\\.\n\n\n": 5000,
		"": -1, "a\n": -1, "a\n\\.": -1, "a\n\\\\.\n": -1, strings.Repeat("x\n", 100000): -1,
	} {
		d := &data{table: "t", path: filepath.Join(t.TempDir(), "f")}
		d.rows.Store(-1)
		if err := os.WriteFile(d.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := d.count()
		if n != want || (err != nil) != (want < 0) {
			t.Errorf("%.30q: %d, %v, want %d", text, n, err, want)
		}
	}
}

func TestSteadyWord(t *testing.T) {
	script := func(word, rest string) string {
		return "--\n\n\\restrict " + word + "\n" + rest + "\n\\unrestrict " + word + "\n"
	}
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	one, two, three := string(steadyWord([]byte(script(a, "x")))), string(steadyWord([]byte(script(b, "x")))), string(steadyWord([]byte(script(a, "y"))))
	if one != two || strings.Contains(one, a) || !strings.Contains(one, "\n\\unrestrict ") {
		t.Errorf("%q and %q", one, two)
	}
	if strings.Split(one, "\n")[2] == strings.Split(three, "\n")[2] {
		t.Error("the word doesn't depend on the script")
	}
	if s := "CREATE ROLE a;\n"; string(steadyWord([]byte(s))) != s {
		t.Error("a script without the lines is changed")
	}
}

func TestTimeAt(t *testing.T) {
	head := make([]byte, 64)
	copy(head, "PGDMP\x01\x0e\x00\x04\x08\x03")
	if at, ok := timeAt(head); !ok || at != 16 {
		t.Errorf("got %d, %v", at, ok)
	}
	head[16+1] = 99 // no second
	if _, ok := timeAt(head); ok {
		t.Error("99 is taken for a second")
	}
	copy(head, "PGDMP\x01\x20")
	if _, ok := timeAt(head); ok {
		t.Error("a version that isn't known is taken")
	}
}

func TestValidate(t *testing.T) {
	good := Config{Database: "d"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []Config{{}, {Database: "d", Port: 70000}, {Database: "d", Jobs: -1}, {Database: "d", SSLMode: "yes"}, {Database: "d", Globals: "some"}, {Database: "d", LockWait: -1}} {
		if c.Validate() == nil {
			t.Errorf("%+v passes", c)
		}
	}
	if s := (&Part{cfg: Config{Host: `a'b\`, Port: 1}}).conninfo("x=y"); s != `host='a\'b\\' port='1' dbname='x=y' application_name='ivyvault'` {
		t.Errorf("got %s", s)
	}
}
