package survey

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ivyvault/sources/h2"
	"ivyvault/sources/mssql"
	"ivyvault/sources/mysql"
	"ivyvault/sources/oracle"
	"ivyvault/sources/postgres"
	"ivyvault/system/config"
	"ivyvault/system/discover"
	"ivyvault/system/discover/install"
	"ivyvault/system/discover/ivy"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestOnce(t *testing.T) {
	dir := t.TempDir()
	shared, link := filepath.Join(dir, "shared"), filepath.Join(dir, "n1/data")
	write(t, filepath.Join(shared, "x"), "x")
	write(t, filepath.Join(dir, "own/x"), "x")
	if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.Symlink(shared, link)); err != nil {
		t.Fatal(err)
	}
	list, notes := Once([]Folder{
		{Name: "n1-data", Path: link, Exclude: []string{"/a", "/b"}}, {Name: "data", Path: shared, Exclude: []string{"/b"}},
		{Name: "own", Path: filepath.Join(dir, "own")}, {Name: "gone", Path: filepath.Join(link, "gone")},
	})
	if len(list) != 3 || len(notes) != 1 || !strings.Contains(notes[0], "n1-data") {
		t.Fatalf("%+v %q", list, notes)
	}
	first := list[0]
	if first.Real != shared || !slices.Equal(first.Links, []Link{{link, shared}}) || !slices.Equal(first.Exclude, []string{"/b"}) {
		t.Errorf("%+v", first)
	}
	if list[2].Real != filepath.Join(shared, "gone") {
		t.Errorf("what is missing below a link: %+v", list[2])
	}
}

func TestCovers(t *testing.T) {
	list := []Folder{{Real: "/ivy/data", Exclude: []string{"/_/opensearch", "*.tmp", "**/cache", "!/keep/cache"}}, {Real: "/etc/pki/x.p12"}}
	for name, want := range map[string]bool{
		"/ivy/data": true, "/ivy/data/a/b": true, "/ivy/data/_/opensearch/n": false, "/ivy/data/a/_/opensearch": true, "/ivy/data/a/x.tmp": false,
		"/ivy/data/a/cache/b": false, "/ivy/data/keep/cache": true, "/ivy/data2": false, "/etc/pki/x.p12": true, "/etc/pki": false,
	} {
		if Covers(list, name) != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
}

func TestWithout(t *testing.T) {
	for _, c := range []struct {
		leave   string
		whole   bool
		exclude string
	}{
		{"/nowhere/data/_/opensearch", true, "/_/opensearch"},
		{"/nowhere/data", false, ""},
		{"/nowhere", false, ""},
		{"/nowhere/data2", true, ""},
	} {
		f := Folder{Real: "/nowhere/data"}
		if got := f.Without(c.leave); got != c.whole || strings.Join(f.Exclude, " ") != c.exclude {
			t.Errorf("%s: %v %v", c.leave, got, f.Exclude)
		}
	}
}

// A database counts as covered where two ways to name it mean one, and only
// then.
func TestMissing(t *testing.T) {
	v := func(s string) discover.Value { return discover.Value{Text: s} }
	dbs := func(part config.Part) map[string]*config.Database {
		return map[string]*config.Database{"x": {Part: part}}
	}
	pg := discover.Database{Type: "postgresql", Host: v("localhost"), Port: v("5432"), Database: v("ivy"), Declared: []string{"SystemDb"}}
	my := discover.Database{Type: "mariadb", Host: v("DB1"), Port: v("3306"), Database: v("ivy")}
	ms := discover.Database{Type: "sqlserver", Host: v("sql"), Port: v("1433"), Database: v("Ivy")}
	inst := discover.Database{Type: "sqlserver", Host: v("sql"), Database: v("Ivy"), More: []discover.Field{{Key: "instance", Value: v("PROD")}}}
	ora := discover.Database{Type: "oracle", Host: v("ora"), Port: v("1521"), Database: v("PDB1")}
	file := discover.Database{Type: "h2", Database: v("/is/repository/database/X"), More: []discover.Field{{Key: "url", Value: v("jdbc:h2:./repository/database/X")}}}
	for _, c := range []struct {
		name string
		need discover.Database
		have config.Part
		ok   bool
	}{
		{"a socket of this machine", pg, &postgres.Config{Host: "/run/postgresql", Database: "ivy"}, true},
		{"a loopback address", pg, &postgres.Config{Host: "127.0.0.1", Port: 5432, Database: "ivy"}, true},
		{"another port", pg, &postgres.Config{Host: "localhost", Port: 5433, Database: "ivy"}, false},
		{"another name", pg, &postgres.Config{Host: "localhost", Database: "ivy2"}, false},
		{"another kind", pg, &mysql.Config{Host: "localhost", Port: 5432, Database: "ivy"}, false},
		{"letters of a host", my, &mysql.Config{Host: "db1", Database: "ivy"}, true},
		{"another host", my, &mysql.Config{Host: "db2", Database: "ivy"}, false},
		{"a server's port", ms, &mssql.Config{Server: "SQL,1433", Database: "ivy"}, true},
		{"another port of a server", ms, &mssql.Config{Server: "sql,1444", Database: "ivy"}, false},
		{"an instance", inst, &mssql.Config{Server: `sql\prod`, Database: "Ivy"}, true},
		{"another instance", inst, &mssql.Config{Server: `sql\test`, Database: "Ivy"}, false},
		{"a service", ora, &oracle.Config{Connect: "//ora:1521/pdb1"}, true},
		{"another service", ora, &oracle.Config{Connect: "//ora:1521/pdb2"}, false},
		{"a relative file", file, &h2.Config{URL: "jdbc:h2:./repository/database/X;LOCK_TIMEOUT=1", Base: "/is"}, true},
		{"another file", file, &h2.Config{URL: "jdbc:h2:/is/repository/database/Y"}, false},
	} {
		s := &Survey{Proposal: &discover.Proposal{Databases: []discover.Database{c.need}}}
		if got := s.Missing(dbs(c.have)); (len(got) == 0) != c.ok {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	s := &Survey{Proposal: &discover.Proposal{Databases: []discover.Database{pg}}}
	if got := s.Missing(nil); len(got) != 1 || !strings.Contains(got[0], "SystemDb") {
		t.Errorf("none is configured: %q", got)
	}
}

func TestLicenceNotes(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for expires, want := range map[string]string{"2026-05-31": "EXPIRED", "2026-06-20": "EXPIRES SOON", "2030-01-01": "expires on 2030-01-01", "": "does not say"} {
		s := &Survey{Proposal: &discover.Proposal{Licences: []install.Licence{{Path: "/x.lic", Expires: expires}}}}
		if got := s.LicenceNotes(now); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%q: %q", expires, got)
		}
	}
}

// What an installation needs and a section lacks is named; what was added to
// the section by hand is not.
func TestLacking(t *testing.T) {
	home := t.TempDir()
	write(t, filepath.Join(home, "configuration/ivy.yaml"), `SystemDb.Url: jdbc:postgresql://db/ivy
Databases.crm.Url: jdbc:postgresql://crm/crm
Databases.erp.Url: jdbc:postgresql://erp/erp
Connector.HTTPS.KeystoreFile: `+home+`/pki/tls.p12
Connector.HTTPS.TruststoreFile: configuration/none.p12
SecuritySystems.default.DocumentStorage.Name: s3
SecuritySystems.default.DocumentStorage.Config.BucketName: docs
`)
	write(t, filepath.Join(home, "pki/tls.p12"), "x")
	write(t, filepath.Join(home, "data/a"), "x")
	s, err := Look(t.Context(), ivy.Engine{}, home, nil)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := Once([]Folder{{Name: "configuration", Path: filepath.Join(home, "configuration")}})
	got := strings.Join(s.Lacking(&config.System{Databases: map[string]*config.Database{"crm": {Part: &postgres.Config{Host: "crm", Database: "crm"}}}}, list), "\n")
	for _, want := range []string{"THE DATABASE ivy on db:5432", "THE FOLDER " + home + "/data", "THE DOCUMENTS OF default", `"erp"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not named: %s", want, got)
		}
	}
	if strings.Contains(got, `"crm"`) {
		t.Errorf("what is configured is named: %s", got)
	}
	absent, uncovered := s.LostKeys(list)
	if len(absent) != 1 || !strings.Contains(absent[0], "none.p12") || len(uncovered) != 1 || !strings.Contains(uncovered[0], "tls.p12") {
		t.Errorf("keystores: %q, %q", absent, uncovered)
	}
	if _, err := Look(t.Context(), ivy.Engine{}, filepath.Join(home, "nowhere"), nil); err == nil {
		t.Error("what is not there was read")
	}
}
