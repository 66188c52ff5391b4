package mssql

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/mssql/mssqltest"
	"ivyvault/sources/secret"
	"ivyvault/sources/sourcetest"
)

var update = flag.Bool("update", false, "write the expected scripts anew")

// The test's own program is sqlcmd where the stand-in's state is named.
func TestMain(m *testing.M) {
	if state := os.Getenv("MSSQL_STANDIN"); state != "" {
		os.Exit(mssqltest.Main(state, os.Args[1:]))
	}
	os.Exit(m.Run())
}

const hostile = "cl'a]im;s -- \"x\""

const password = "p'w;$(x) hush"

func server(t *testing.T) (*mssqltest.State, string) {
	t.Helper()
	s := &mssqltest.State{
		Version: "16.0.4165.4", Edition: "Standard Edition (64-bit)", Password: password, Server: `D:\exchange`, Local: t.TempDir(),
		Logins: map[string]*mssqltest.Login{
			"ivy":       {Type: "S", SID: "0x0102AB", Hash: "0x0200AAFF", Policy: true},
			"o'd]d":     {Type: "S", SID: "0x0103", Hash: "0x0200BB", Disable: true, Roles: []string{"processadmin"}},
			`CORP\ivy`:  {Type: "U", SID: "0x0105"},
			"unrelated": {Type: "S", SID: "0x0999", Hash: "0x0200CC"},
		},
		Databases: map[string]*mssqltest.Database{
			hostile: {
				State: "ONLINE", Files: []mssqltest.File{{Logical: "claims", Physical: `D:\data\claims.mdf`, Type: "D"}, {Logical: "cl'2", Physical: `D:\data\c2.ndf`, Type: "D"}, {Logical: "claims_log", Physical: `E:\log\c.ldf`, Type: "L"}},
				Tables: map[string][][]string{"dbo.ACT_GE_PROPERTY": {{"schema.version", "7.2.0.2"}, {"next.dbid", "1"}}, "o.d'd|ta]ble": {{"1"}, {"2"}, {"3"}}},
				Users:  map[string]string{"ivy": "0x0102AB", "o'd]d": "0x0103", `CORP\ivy`: "0x0105"},
			},
		},
	}
	file := filepath.Join(t.TempDir(), "state.json")
	save(t, s, file)
	t.Setenv("MSSQL_STANDIN", file)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else each stand-in waits a second at its end
	t.Setenv("MSSQL_TEST_PASSWORD", password)
	return s, file
}

func save(t *testing.T, s *mssqltest.State, file string) {
	t.Helper()
	if err := s.Save(file); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, file string) *mssqltest.State {
	t.Helper()
	s, err := mssqltest.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func part(t *testing.T, s *mssqltest.State) *Part {
	t.Helper()
	v, err := secret.Parse("{env:MSSQL_TEST_PASSWORD}")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Server: "db1,1433", Database: hostile, User: "sa", Password: v, Sqlcmd: self, Exchange: Exchange{Server: s.Server, Local: s.Local}}
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
		text := make([]byte, e.Attr.Size)
		if _, err := r.Read(text); err != nil {
			t.Fatal(err)
		}
		r.Close()
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
	for _, dir := range []string{p.env.Scratch, p.c.Exchange.Local} {
		if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) > 0 {
			t.Errorf("this is left: %q", names)
		}
	}
}

// golden compares what the server was told with the file in testdata.
func golden(t *testing.T, name, log string) {
	t.Helper()
	got, err := os.ReadFile(log)
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
		t.Errorf("the server was told something else than %s says (%v); see with -update what changed:\n%s", file, err, got)
	}
}

func TestDumpDropRestore(t *testing.T) {
	s, file := server(t)
	p := part(t, s)
	from, facts := take(t, p)
	if facts.Version != "16.0.4165.4" || facts.Counts["o.d'd|ta]ble"] != 3 || facts.Schema["dbo.ACT_GE_PROPERTY schema.version"] != "7.2.0.2" || facts.Consistency != sources.Snapshot {
		t.Errorf("facts: %+v", facts)
	}
	golden(t, "backup.sql", file+".log")
	if err := os.Remove(file + ".log"); err != nil {
		t.Fatal(err)
	}
	want := *s.Databases[hostile]
	now := load(t, file)
	delete(now.Databases, hostile)
	now.Logins = map[string]*mssqltest.Login{`CORP\ivy`: {Type: "U", SID: "0x0105"}}
	save(t, now, file)
	done, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts})
	if err != nil || len(done.Notes) > 0 || !reflect.DeepEqual(done.Counts, facts.Counts) {
		t.Fatalf("%+v, %v", done, err)
	}
	golden(t, "restore.sql", file+".log")
	now = load(t, file)
	got := now.Databases[hostile]
	if !reflect.DeepEqual(got.Tables, want.Tables) || !reflect.DeepEqual(got.Users, want.Users) || got.Files[2].Physical != `E:\log\cl_a_im_s_--__x__2.ldf` {
		t.Errorf("restored: %+v", got)
	}
	for _, l := range []string{"ivy", "o'd]d", `CORP\ivy`} {
		if w := s.Logins[l]; !reflect.DeepEqual(now.Logins[l], w) {
			t.Errorf("the login %s is %+v, was %+v", l, now.Logins[l], w)
		}
	}
	nothingLeft(t, p)
}

func TestOverWhatLives(t *testing.T) {
	s, file := server(t)
	p := part(t, s)
	from, facts := take(t, p)
	var occupied *sources.OccupiedError
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts}); !errors.As(err, &occupied) {
		t.Errorf("got %v", err)
	}
	// Another login of the same name: the user is tied to it, and that is told.
	now := load(t, file)
	now.Logins["ivy"].SID = "0x0777"
	now.Databases[hostile].Tables = nil
	save(t, now, file)
	done, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts, Replace: true})
	if err != nil || len(done.Notes) != 1 || !strings.Contains(done.Notes[0], "ivy") {
		t.Errorf("%+v, %v", done, err)
	}
	now = load(t, file)
	if d := now.Databases[hostile]; d.Users["ivy"] != "0x0777" || d.Single || len(d.Tables) != 2 {
		t.Errorf("restored: %+v", d)
	}
	p.c.Target = "beside"
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Facts: facts}); err != nil {
		t.Error(err)
	}
	if load(t, file).Databases["beside"] == nil {
		t.Error("it is not there under its other name")
	}
	nothingLeft(t, p)
}

func TestRefuses(t *testing.T) {
	s, file := server(t)
	p := part(t, s)
	from, _ := take(t, p)
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{Only: []string{"dbo.T"}}); err == nil || !strings.Contains(err.Error(), "target:") {
		t.Errorf("one table: %v", err)
	}
	now := load(t, file)
	now.Databases, now.Version = map[string]*mssqltest.Database{}, "15.0.2000.5"
	save(t, now, file)
	if _, err := p.Restore(t.Context(), from, sources.RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "newer server") {
		t.Errorf("an older server: %v", err)
	}
	if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "no such database") {
		t.Errorf("no database: %v", err)
	}
	nothingLeft(t, p)
}

func TestTrouble(t *testing.T) {
	for fault, want := range map[string]string{"die in backup": "killed", "bad backup": "not good", "no hashes": "CONTROL SERVER"} {
		t.Run(fault, func(t *testing.T) {
			s, file := server(t)
			s.Fault = fault
			save(t, s, file)
			p := part(t, s)
			if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
			nothingLeft(t, p)
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		s, _ := server(t)
		t.Setenv("MSSQL_TEST_PASSWORD", "wr0ng-hush-hush")
		if _, err := part(t, s).Capture(t.Context()); err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "login is refused") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another folder", func(t *testing.T) {
		s, _ := server(t)
		p := part(t, s)
		p.c.Exchange.Server = `C:\elsewhere`
		if _, err := p.Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "exchange") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("offline", func(t *testing.T) {
		s, file := server(t)
		s.Databases[hostile].State = "RESTORING"
		save(t, s, file)
		if _, err := part(t, s).Capture(t.Context()); err == nil || !strings.Contains(err.Error(), "ONLINE") {
			t.Errorf("got %v", err)
		}
	})
}

func TestConformance(t *testing.T) {
	s, _ := server(t)
	sourcetest.Run(t, func(t *testing.T) sources.Source {
		p := part(t, s)
		p.now = func() time.Time { return time.Unix(1e9, 0) }
		return p
	})
}

func TestValidate(t *testing.T) {
	c := Config{Database: "a\nGO", User: "-P"}
	err := c.Validate()
	for _, want := range []string{"server:", "exchange:", "hyphen", "password:", "line end"} {
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
	good := backupSQL(hostile, `D:\exchange\a.bak`)
	for _, bad := range []string{
		"DROP DATABASE [x];", strings.Replace(good, "COPY_ONLY, ", "", 1), strings.Replace(good, "CHECKSUM", "NO_CHECKSUM", 1), strings.Replace(good, " 10;", " 10, NOFORMAT;", 1), backupSQL("another", `D:\exchange\a.bak`),
		"RESTORE VERIFYONLY FROM DISK = N'D:\\exchange\\a.bak';", query("", []string{"name"}, "FROM sys.databases"), "GO", "BACKUP DATABASE [unclosed TO DISK",
	} {
		if _, err := x.run(t.Context(), bad); err == nil {
			t.Errorf("it takes %s", bad)
		}
	}
	if _, err := x.run(t.Context(), good); err != nil {
		t.Error(err)
	}
}
