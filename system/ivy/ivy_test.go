package ivy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	discovered "ivyvault/system/discover/ivy"
	"ivyvault/system/survey"
)

func TestAnswer(t *testing.T) {
	for status, want := range map[int]string{200: "", 503: "maintenance mode", 404: "context name", 302: "status 302"} {
		if _, err := Answer(status, nil); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if got := HealthURL("http://h:8080/ivy/"); got != "http://h:8080/ivy/system/health" {
		t.Error(got)
	}
}

func node(t *testing.T, home, yaml string) {
	t.Helper()
	name := filepath.Join(home, "configuration/ivy.yaml")
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(yaml), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// Each rule that is broken is named once, with both nodes by their names in
// the section.
func TestRules(t *testing.T) {
	const db, search = "SystemDb.Url: jdbc:postgresql://db/ivy\n", "SearchEngine.ExternalServer.Url: http://search:9200\n"
	for _, c := range []struct {
		name, a, b string
		wrong      map[string]string // by rule
		remarks    string
	}{
		{"equal", db + search, db + search, nil, "equal today"},
		{"two databases", db + search, strings.Replace(db, "db", "db2", 1) + search, map[string]string{SameDatabase: "jdbc", SameServices: "SystemDb.Url", LocalChanges: "left and right"}, ""},
		{"two search servers", db + search, db + strings.Replace(search, "9200", "9201", 1), map[string]string{SameSearch: "9201", SameServices: "ExternalServer", LocalChanges: "left"}, ""},
		{"none external", db, db, map[string]string{SameSearch: "each node then has one of its own"}, "equal today"},
		{"a secret", db + search + "EMail.Server.Password: geheim\n", db + search + "EMail.Server.Password: geheim2\n", map[string]string{SameServices: "secrets", LocalChanges: "left"}, ""},
	} {
		dir := t.TempDir()
		node(t, filepath.Join(dir, "a"), c.a)
		node(t, filepath.Join(dir, "b"), c.b)
		s, err := survey.Look(t.Context(), discovered.Engine{}, "", map[string]string{"left": filepath.Join(dir, "a"), "right": filepath.Join(dir, "b")})
		if err != nil {
			t.Fatal(err)
		}
		rules := Rules(s)
		if len(rules) != 4 {
			t.Fatalf("%s: %+v", c.name, rules)
		}
		for _, r := range rules {
			said := strings.Join(r.Wrong, "; ")
			want, broken := c.wrong[r.Name]
			if broken != (len(r.Wrong) > 0) || want != "jdbc" && !strings.Contains(said, want) || strings.Contains(said, "geheim") {
				t.Errorf("%s, %s: %q", c.name, r.Name, said)
			}
			if broken && r.Name != SameSearch && (!strings.Contains(said, "left") || !strings.Contains(said, "right")) {
				t.Errorf("%s, %s names no nodes: %q", c.name, r.Name, said)
			}
			if r.Name == LocalChanges && !strings.Contains(strings.Join(r.Remarks, ""), c.remarks) {
				t.Errorf("%s: %q", c.name, r.Remarks)
			}
		}
	}
	dir := t.TempDir()
	node(t, dir, db)
	s, err := survey.Look(t.Context(), discovered.Engine{}, dir, nil)
	if err != nil || Rules(s) != nil {
		t.Errorf("one node alone: %v, %v", Rules(s), err)
	}
}

func TestDeployed(t *testing.T) {
	dir := t.TempDir()
	if said, err := Deployed(t.Context(), []string{dir}, time.Now().Add(time.Hour)); err != nil || said != nil {
		t.Errorf("%q %v", said, err)
	}
	if said, err := Deployed(t.Context(), []string{dir}, time.Now().Add(-time.Hour)); err != nil || len(said) != 1 || !strings.Contains(said[0], "deployment") {
		t.Errorf("%q %v", said, err)
	}
	if _, err := Deployed(t.Context(), []string{filepath.Join(dir, "none")}, time.Now()); err == nil {
		t.Error("a folder that is gone")
	}
}
