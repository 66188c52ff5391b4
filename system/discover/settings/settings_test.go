package settings

import (
	"fmt"
	"strings"
	"testing"
)

func lines(list []Setting) string {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%d %s=%s\n", s.From.Line, s.Key, s.Value)
	}
	return b.String()
}

func TestProperties(t *testing.T) {
	text := "# c\n! c \\\na = b\nc:d\ne f\n  g\\ h\\=i\\:j =  k \nlong=one,\\\n   two,\\\r\n\tthree\nu=\\u00e4\\t\\n\\q\nempty\nback=c:\\\\x\\\\\n#---\nsecond=\xe4\n"
	docs, err := Properties([]byte(text), "f")
	if err != nil || len(docs) != 2 {
		t.Fatal(len(docs), err)
	}
	want := "3 a=b\n4 c=d\n5 e=f\n6 g h=i:j=k \n7 long=one,two,three\n10 u=ä\t\nq\n11 empty=\n12 back=c:\\x\\\n"
	if got := lines(docs[0]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := lines(docs[1]); got != "14 second=ä\n" {
		t.Errorf("second document: %s", got)
	}
}

func FuzzProperties(f *testing.F) {
	for _, s := range []string{"a=b\\\n c", "\\u12", "\\", "#---\nx", "\xff=\\uD800", " = =", "k\\"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, _ := Properties(data, "f")
		lines, size := strings.Count(string(data), "\n")+1, 0
		for _, d := range docs {
			for _, s := range d {
				size += len(s.Key) + len(s.Value)
				if s.From.Line < 1 || s.From.Line > lines {
					t.Fatalf("line %d of %d", s.From.Line, lines)
				}
			}
		}
		if size > 3*len(data) {
			t.Fatalf("%d bytes came of %d", size, len(data))
		}
	})
}

func TestYAML(t *testing.T) {
	text := `SystemDb:
  Url: jdbc:x
  Password: 0012
Web.Name: ivy
base: &b
  one: 1
  two: 2
child:
  <<: *b
  two: 3
list: [a, {k: v}]
none: ~
yes: yes
---
other: doc
`
	docs, err := YAML([]byte(text), "f")
	if err != nil || len(docs) != 2 {
		t.Fatal(len(docs), err)
	}
	want := "2 SystemDb.Url=jdbc:x\n3 SystemDb.Password=0012\n4 Web.Name=ivy\n6 base.one=1\n7 base.two=2\n6 child.one=1\n7 child.two=2\n10 child.two=3\n11 list[0]=a\n11 list[1].k=v\n12 none=\n13 yes=yes\n"
	if got := lines(docs[0]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestYAMLHostile(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	for name, text := range map[string]string{
		"aliases that multiply": bomb.String(),
		"deep":                  strings.Repeat("[", 200) + strings.Repeat("]", 200),
		"broken":                "a: [",
		"tab":                   "a:\n\tb: c",
		"an anchor in itself":   "a: &a [*a]",
	} {
		if _, err := YAML([]byte(text), "bad.yaml"); err == nil || !strings.Contains(err.Error(), "bad.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTOML(t *testing.T) {
	text := `top = 1
[server]
hostname = "iam" # c
[database.identity_db]
type = 'h2'
options.maxActive = "50"
[database.identity_db.pool_options]
x = true
[[datasource]]
id = "A"
[datasource.inner]
y = 2
[[datasource]]
id = """
B"""
list = ["a", "b"]
inline = {a = 1, "b c" = {d = 'e'}}
`
	list, err := TOML([]byte(text), "f")
	if err != nil {
		t.Fatal(err)
	}
	want := "1 top=1\n3 server.hostname=iam\n5 database.identity_db.type=h2\n6 database.identity_db.options.maxActive=50\n8 database.identity_db.pool_options.x=true\n" +
		"10 datasource[0].id=A\n12 datasource[0].inner.y=2\n14 datasource[1].id=B\n16 datasource[1].list[0]=a\n16 datasource[1].list[1]=b\n17 datasource[1].inline.a=1\n17 datasource[1].inline.b c.d=e\n"
	if got := lines(list); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, bad := range []string{"a = ", "a = 1\na = 2", "[x", "= 1", "a = \"\\q\"", "a = " + strings.Repeat("[", 100000)} {
		if _, err := TOML([]byte(bad), "bad.toml"); err == nil || !strings.Contains(err.Error(), "bad.toml") {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// Whatever TOML is, the walk that finds lines sees what the decoder sees.
func FuzzTOML(f *testing.F) {
	for _, s := range []string{"a=1", "[a.b]\nc={d=[1,{e=2}]}", "[[a]]\n[[a.b]]\n[a.b.c]\nx='y'", "a.\"b.c\" = 1", "a = [\n1, # x\n2]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := TOML(data, "f")
		if err == nil && len(list) > len(data) {
			t.Fatal("more came out than went in")
		}
	})
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{"a: b", "a: &x {b: *x}", "<<: [1]", "? [a]\n: b", "--- |\n x", "a: !!null x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, _ := YAML(data, "f")
		for _, d := range docs {
			if len(d) > mostSettings {
				t.Fatal("too many")
			}
		}
	})
}

func TestEnvFile(t *testing.T) {
	e, err := EnvFile([]byte("# c\nA=b=c\nQUOTED=\"x\"\nFROM\nGONE\nexport E=1\r\n"), "e.env", map[string]string{"FROM": "here"})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range e.Prefixed("") {
		fmt.Fprintf(&got, "%s=%s %s\n", s.Key, s.Value, s.From)
	}
	want := "A=b=c env A (e.env:2)\nE=1 env E (e.env:6)\nFROM=here env FROM (e.env:4)\nQUOTED=\"x\" env QUOTED (e.env:3)\n"
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	if _, err := EnvFile([]byte("A B=c"), "e.env", nil); err == nil || !strings.Contains(err.Error(), "e.env:1") {
		t.Error(err)
	}
}
