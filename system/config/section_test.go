package config

import (
	"strings"
	"testing"

	"ivyvault/sources/postgres"
)

const two = `version: 1
repository: /srv/vault
systems:
  claims:
    type: custom
    databases:
      main: {type: postgresql, host: db1, database: claims, user: ivy, password: "{env:DB_PASSWORD}"}
  other:
    type: custom
    directories: {a: {path: /a}}
`

func TestCut(t *testing.T) {
	text, err := Cut([]byte(two), "claims")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("cut", text)
	if err != nil || len(f.Systems) != 1 || f.Repository != "" || f.Systems["claims"].Databases["main"].Type != "postgresql" {
		t.Errorf("%+v, %v\n%s", f, err, text)
	}
	if _, err := Cut([]byte(two), "none"); err == nil {
		t.Error("a system that is not there is cut out")
	}
}

func TestOverride(t *testing.T) {
	text, err := Override([]byte(two), "claims", "databases/main", []string{"host=db2", "port=5433", "password={file:/run/secrets/x}", "no-owner=true"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("changed", text)
	if err != nil {
		t.Fatal(err)
	}
	c := f.Systems["claims"].Databases["main"].Part.(*postgres.Config)
	if c.Host != "db2" || c.Port != 5433 || c.Database != "claims" || c.Password.String() != "{file:/run/secrets/x}" || !c.NoOwner {
		t.Errorf("%+v", c)
	}
	if text, err = Override([]byte(two), "other", "events/default", []string{"restore-to=/tmp/x"}); err != nil {
		t.Fatal(err)
	}
	if f, err = Parse("changed", text); err != nil || f.Systems["other"].RestoreTo != "/tmp/x" {
		t.Errorf("a part without a section: %v\n%s", err, text)
	}
	for _, bad := range [][]string{{"host"}, {"=x"}, {"host.name=x"}} {
		if _, err := Override([]byte(two), "claims", "databases/main", bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := Override([]byte(two), "claims", "databases/none", nil); err == nil || !strings.Contains(err.Error(), "databases/none") {
		t.Errorf("a part that is not there: %v", err)
	}
	if text, err = Override([]byte(two), "claims", "databases/main", []string{"hots=x"}); err == nil {
		if _, err := Parse("x", text); err == nil || !strings.Contains(err.Error(), "host") {
			t.Errorf("a key that isn't known: %v", err)
		}
	}
}
