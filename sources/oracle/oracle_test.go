package oracle

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/oracle/oracletest"
	"ivyvault/sources/secret"
	"ivyvault/sources/sourcetest"
)

var update = flag.Bool("update", false, "write the expected scripts anew")

// The test's own program is each of Oracle's where the stand-in's state is named.
func TestMain(m *testing.M) {
	if state := os.Getenv("ORACLE_STANDIN"); state != "" {
		os.Exit(oracletest.Main(state, os.Args[0], os.Args[1:]))
	}
	os.Exit(m.Run())
}

const (
	password = "p'w@;$x hush"
	odd      = "Odd o'n e"
)

func server(t *testing.T) (*oracletest.State, string) {
	t.Helper()
	var many [][]string
	for i := range 2500 {
		many = append(many, []string{fmt.Sprint(i)})
	}
	s := &oracletest.State{
		Version: "19.0.0.0.0", Banner: "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production", User: "BACKUP", Password: password, Connect: "//db1:1521/ORCLPDB1",
		Roles: []string{"DATAPUMP_EXP_FULL_DATABASE"}, Directory: "DUMPS", Path: t.TempDir(),
		Schemas: map[string]map[string][][]string{
			"AXONIVY": {"ACT_GE_PROPERTY": {{"schema.version", "7.2.0.2"}, {"next.dbid", "1"}}, "BIG": many, "we;ird ta'ble": {{"1"}}},
			odd:       {"T": {{"x"}, {"y"}}},
			"OTHER":   {"LEFT_ALONE": {{"1"}}},
		},
	}
	file := filepath.Join(t.TempDir(), "state.json")
	if err := s.Save(file); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ORACLE_STANDIN", file)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else each stand-in waits a second at its end
	t.Setenv("ORACLE_TEST_PASSWORD", password)
	return s, file
}

func change(t *testing.T, file string, f func(*oracletest.State)) *oracletest.State {
	t.Helper()
	s, err := oracletest.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if f != nil {
		f(s)
		if err := s.Save(file); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func part(t *testing.T, s *oracletest.State) *Part {
	t.Helper()
	v, err := secret.Parse("{env:ORACLE_TEST_PASSWORD}")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"sqlplus", "expdp", "impdp"} {
		if err := os.Symlink(self, filepath.Join(home, "bin", p)); err != nil {
			t.Fatal(err)
		}
	}
	c := Config{Connect: s.Connect, User: s.User, Password: v, Schemas: []string{"AXONIVY", odd}, Directory: s.Directory, Local: s.Path, Parallel: 2, OracleHome: home}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return New(c, Env{Scratch: t.TempDir()})
}

func take(t *testing.T, p *Part) (fs.FS, sources.Facts) {
	t.Helper()
	c, err := p.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{}
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		tree[e.Path] = &fstest.MapFile{Data: text}
	}
	facts, err := c.(sources.Described).Facts(t.Context())
	if err := errors.Join(err, c.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, p)
	return tree, facts
}

func nothingLeft(t *testing.T, p *Part) {
	t.Helper()
	for _, dir := range []string{p.env.Scratch, p.c.Local} {
		if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) > 0 {
			t.Errorf("this is left: %q", names)
		}
	}
	if s := change(t, os.Getenv("ORACLE_STANDIN"), nil); len(s.Jobs) > 0 {
		t.Errorf("these jobs still run: %q", s.Jobs)
	}
}

// golden compares what the programs were told with the file in testdata.
func golden(t *testing.T, name, log string) {
	t.Helper()
	got, err := os.ReadFile(log)
	if err == nil {
		err = os.Remove(log)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != string(got) {
		t.Errorf("the programs were told something else than %s says (%v):\n%s", file, err, got)
	}
	if strings.Contains(string(got), "hush") {
		t.Error("the password is in it")
	}
}

func TestDumpDropRestore(t *testing.T) {
	s, file := server(t)
	p := part(t, s)
	from, facts := take(t, p)
	if facts.Counts["AXONIVY.BIG"] != 2500 || facts.Counts[odd+".T"] != 2 || len(facts.Counts) != 4 || facts.Version != "19.0.0.0.0" || facts.Schema["AXONIVY.ACT_GE_PROPERTY schema.version"] != "7.2.0.2" {
		t.Errorf("facts: %+v", facts)
	}
	golden(t, "export.txt", file+".log")
	var occupied *sources.OccupiedError
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts}); !errors.As(err, &occupied) {
		t.Errorf("over what lives: %v", err)
	}
	change(t, file, func(s *oracletest.State) { delete(s.Schemas, "AXONIVY"); s.Schemas[odd] = map[string][][]string{} })
	if err := os.Remove(file + ".log"); err != nil {
		t.Fatal(err)
	}
	done, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts})
	if err != nil || !reflect.DeepEqual(done.Counts, facts.Counts) {
		t.Fatalf("%+v, %v", done, err)
	}
	golden(t, "import.txt", file+".log")
	if now := change(t, file, nil); !reflect.DeepEqual(now.Schemas, s.Schemas) {
		t.Error("it does not hold what it held")
	}
	nothingLeft(t, p)
}

func TestOneTableAndOtherNames(t *testing.T) {
	s, file := server(t)
	p := part(t, s)
	from, facts := take(t, p)
	change(t, file, func(s *oracletest.State) { s.Schemas["AXONIVY"]["we;ird ta'ble"] = [][]string{{"wrong"}} })
	opt := sources.RestoreOptions{Facts: facts, Only: []string{"AXONIVY.we;ird ta'ble"}}
	var occupied *sources.OccupiedError
	if _, err := p.Restore(t.Context(), from, opt); !errors.As(err, &occupied) {
		t.Errorf("over what lives: %v", err)
	}
	opt.Replace = true
	if done, err := p.Restore(t.Context(), from, opt); err != nil || len(done.Counts) != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if now := change(t, file, nil); !reflect.DeepEqual(now.Schemas, s.Schemas) {
		t.Error("it does not hold what it held")
	}
	opt.Only = []string{"AXONIVY.NONE"}
	if _, err := p.Restore(t.Context(), from, opt); err == nil || !strings.Contains(err.Error(), "NONE") {
		t.Errorf("got %v", err)
	}
	p.c.RemapSchema, p.c.RemapTablespace = map[string]string{"AXONIVY": "COPY", odd: "Odd 2"}, map[string]string{"USERS": "DATA"}
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts}); err != nil {
		t.Error(err)
	}
	if now := change(t, file, nil); !reflect.DeepEqual(now.Schemas["COPY"], s.Schemas["AXONIVY"]) || !reflect.DeepEqual(now.Schemas["Odd 2"], s.Schemas[odd]) {
		t.Error("the other names don't hold it")
	}
	nothingLeft(t, p)
}

func TestTrouble(t *testing.T) {
	for fault, want := range map[string]string{"die in export": "killed", "snapshot too old": "skipped due to error", "one table fails": "1 errors"} {
		t.Run(fault, func(t *testing.T) {
			s, file := server(t)
			change(t, file, func(s *oracletest.State) { s.Fault = fault })
			p := part(t, s)
			if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
			nothingLeft(t, p)
		})
	}
	refused := func(name, want string, f func(s *oracletest.State, p *Part)) {
		t.Run(name, func(t *testing.T) {
			s, file := server(t)
			p := part(t, s)
			change(t, file, func(s *oracletest.State) { f(s, p) })
			if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, want %q", err, want)
			}
			nothingLeft(t, p)
		})
	}
	refused("wrong password", "login is refused", func(s *oracletest.State, _ *Part) { s.Password = "another" })
	refused("no such schema", "no schema axonivy", func(_ *oracletest.State, p *Part) { p.c.Schemas = []string{"axonivy"} })
	refused("no directory", "no DIRECTORY", func(_ *oracletest.State, p *Part) { p.c.Directory = "NONE" })
	refused("no right", "its own schema only", func(s *oracletest.State, _ *Part) { s.Roles = nil })
	refused("another folder", "'local:'", func(s *oracletest.State, p *Part) { s.Path = t.TempDir() })
	t.Run("an older database", func(t *testing.T) {
		s, file := server(t)
		p := part(t, s)
		from, facts := take(t, p)
		change(t, file, func(s *oracletest.State) { s.Version = "12.2.0.1.0" })
		if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts, Replace: true}); err == nil || !strings.Contains(err.Error(), "older database") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what a killed run left", func(t *testing.T) {
		s, file := server(t)
		p := part(t, s)
		job := p.c.job("EXP")
		change(t, file, func(s *oracletest.State) { s.Jobs = []string{job} })
		if err := os.WriteFile(filepath.Join(s.Path, job+"_07.dmp"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		from, _ := take(t, p)
		if names, _ := fs.Glob(from, "*.dmp"); len(names) != 2 {
			t.Errorf("captured: %q", names)
		}
	})
}

// An edition without parallel workers is not asked for them.
func TestStandardEdition(t *testing.T) {
	s, file := server(t)
	change(t, file, func(s *oracletest.State) { s.Banner = "Oracle Database 19c Standard Edition 2 Release 19.0.0.0.0" })
	from, _ := take(t, part(t, s))
	if names, _ := fs.Glob(from, "*.dmp"); len(names) != 1 {
		t.Errorf("captured: %q", names)
	}
}

func TestConformance(t *testing.T) {
	s, _ := server(t)
	sourcetest.Run(t, func(t *testing.T) sources.Source {
		p := part(t, s)
		p.now = func() time.Time { return time.Unix(1e9, 0) }
		return p
	})
}

func TestOutcome(t *testing.T) {
	const end = "Job \"B\".\"J\" successfully completed at Sat\n"
	rows, err := outcome(". . exported \"A\".\"T x\"   0 KB       0 rows\n. . exported \"A\".\"P\":\"P1\"   5.5 KB  1,000 rows\n. . exported \"A\".\"P\":\"P2\".\"S\" 5.5 KB 2 rows\n"+end, "J", false)
	if err != nil || rows["A.T x"] != 0 || rows["A.P"] != 1002 || len(rows) != 2 {
		t.Errorf("%v, %v", rows, err)
	}
	for said, good := range map[string]bool{
		"": false,
		"Job \"B\".\"OTHER\" successfully completed at Sat\n": false,
		"ORA-00001: x\n" + end:                                false,
		"  ORA-39083: indented\n" + end:                       false,
		"UDE-31626: client lost\n":                            false,
		"Job \"B\".\"J\" completed with 1 error(s) at Sat\n":  false,
		"ORA-31684: Object type USER:\"A\" already exists\nJob \"B\".\"J\" completed with 1 error(s) at Sat\n": true,
		"ORA-31684: Object type USER:\"A\" already exists\nJob \"B\".\"J\" completed with 2 error(s) at Sat\n": false,
		"ORA-31684: Object type TYPE:\"A\" already exists\nJob \"B\".\"J\" completed with 1 error(s) at Sat\n": false,
	} {
		if _, err := outcome(said, "J", true); (err == nil) != good {
			t.Errorf("%q: %v", said, err)
		}
	}
}

func TestValidate(t *testing.T) {
	c := Config{Connect: "x\nHOST rm", User: "a\"b", Schemas: nil, Parallel: -1}
	err := c.Validate()
	for _, want := range []string{"connect:", "password:", "schemas:", "directory:", "double quote", "parallel:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in %v", want, err)
		}
	}
}

// The stand-in takes nothing that it does not know.
func TestStandInIsStrict(t *testing.T) {
	s, _ := server(t)
	p := part(t, s)
	x, err := p.session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	for _, bad := range []string{"DROP USER AXONIVY CASCADE;\n", "SELECT 1 FROM dual;\n"} {
		if _, err := x.sql(t.Context(), bad); err == nil {
			t.Errorf("sqlplus takes %s", bad)
		}
	}
	good := p.c.export("JOB", true)
	for i := range good {
		bad := append([]string{"full=yes"}, good...)
		if i > 0 {
			bad = append([]string{}, good...)
			key, _, _ := strings.Cut(bad[i], "=")
			if key == "parallel" {
				continue
			}
			bad[i] = key + "=else"
		}
		if said, _ := x.pump(t.Context(), "expdp", "JOB", bad); strings.Contains(said, "successfully") {
			t.Errorf("expdp takes %q", bad)
		}
	}
	if said, err := x.pump(t.Context(), "expdp", "JOB", good); err != nil || !strings.Contains(said, "successfully") {
		t.Errorf("%s, %v", said, err)
	}
	if err := x.sweep("JOB"); err != nil {
		t.Error(err)
	}
}
