package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources/dir"
	"ivyvault/sources/h2"
	"ivyvault/sources/opensearch"
	"ivyvault/sources/postgres"
	"ivyvault/system"
	"ivyvault/system/config"
)

func home(t *testing.T, files map[string]string) string {
	t.Helper()
	at := t.TempDir()
	for name, text := range files {
		name = filepath.Join(at, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return at
}

// shape is a plan's stages and parts: "database: databases/system; search: …".
func shape(p *system.Plan) string {
	var stages []string
	for _, s := range p.Stages {
		var parts []string
		for _, x := range s.Parts {
			parts = append(parts, x.Path)
		}
		stages = append(stages, s.Name+": "+strings.Join(parts, " "))
	}
	return strings.Join(stages, "; ")
}

func titles(p *system.Plan) string {
	var all []string
	for _, s := range p.Restore {
		all = append(all, s.Title)
	}
	return strings.Join(all, "\n")
}

func hooks() config.Hooks {
	return config.Hooks{Stop: &config.Hook{Command: []string{"true"}}, Start: &config.Hook{Command: []string{"true"}}}
}

func TestAxonIvyPlan(t *testing.T) {
	at := home(t, map[string]string{
		"configuration/ivy.yaml": "SystemDb.Url: jdbc:postgresql://localhost/ivy\n", "configuration/x.lic": "expires=2000-01-01\n",
		"data/a": "", "data/_/opensearch/n": "", "applications/x": "", "system/plugins/ch.ivyteam.util_12.0.3.1.jar": "", "jre/release": "JAVA_VERSION=\"21\"\n",
	})
	section := func() *config.System {
		return &config.System{Type: "axon-ivy", Home: at, Hooks: hooks(),
			Databases: map[string]*config.Database{"system": {Type: "postgresql", Part: &postgres.Config{Host: "localhost", Database: "ivy"}}},
			Search:    &opensearch.Config{URL: opensearch.Bundled, Method: opensearch.ByRebuild, Indices: []string{"ivy-*"}}}
	}
	for _, c := range []struct {
		name   string
		change func(*config.System, *Env)
		want   string
		said   []string
	}{
		{"hot", func(*config.System, *Env) {},
			"database: databases/system; search: search; files: directories/configuration directories/applications directories/data", []string{"EXPIRED"}},
		{"hot without search", func(s *config.System, _ *Env) { s.Search = nil },
			"database: databases/system; files: directories/configuration directories/applications directories/data", []string{"makes them again"}},
		{"cold", func(s *config.System, _ *Env) { s.Mode = "cold" },
			"everything: databases/system directories/configuration directories/applications directories/data directories/search-data", []string{"files are captured instead"}},
		{"cold, an external server", func(s *config.System, _ *Env) { s.Mode, s.Home = "cold", ""; s.Search.URL = "http://search:9200" },
			"everything: databases/system search", []string{"names no 'home'"}},
		{"the program too", func(_ *config.System, e *Env) { e.Instance = true },
			"database: databases/system; search: search; files: directories/configuration directories/applications directories/data directories/program", []string{"pre-upgrade"}},
		{"a folder is missing in the section", func(s *config.System, _ *Env) {
			s.Directories = map[string]*config.Directories{"data": {Path: at + "/data"}}
		}, "database: databases/system; search: search; files: directories/data", []string{"THE FOLDER " + at + "/applications", "THE FOLDER " + at + "/configuration"}},
		{"live indices as a folder", func(s *config.System, _ *Env) {
			s.Directories = map[string]*config.Directories{"home": {Path: at}, "indices": {Path: at + "/data/_/opensearch"}}
		}, "database: databases/system; search: search; files: directories/home", []string{"is not captured: live files"}},
		{"live indices among documents", func(s *config.System, _ *Env) {
			s.Documents = map[string]*config.Documents{"files": {Type: "dir", Part: &config.Directories{Path: at + "/data"}}, "live": {Type: "dir", Part: &config.Directories{Path: at + "/data/_/opensearch/n"}}}
			s.Directories = map[string]*config.Directories{"conf": {Path: at + "/configuration"}, "apps": {Path: at + "/applications"}}
		}, "database: databases/system; search: search; files: documents/files directories/apps directories/conf", []string{"is not captured: live files"}},
		{"another database", func(s *config.System, _ *Env) { s.Databases["system"].Part.(*postgres.Config).Database = "old" },
			"database: databases/system; search: search; files: directories/configuration directories/applications directories/data", []string{"THE DATABASE ivy on localhost:5432"}},
		{"nothing there", func(s *config.System, _ *Env) { s.Home = at + "/nowhere" },
			"database: databases/system; search: search", []string{"COULD NOT BE READ"}},
	} {
		s, e := section(), Env{}
		c.change(s, &e)
		p, err := Plan(t.Context(), "claims", s, e)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := shape(p); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
		all := strings.Join(append(append([]string{}, p.Notes...), p.Uncovered...), "\n")
		for _, w := range c.said {
			if !strings.Contains(all, w) {
				t.Errorf("%s: nothing is said of %q: %s", c.name, w, all)
			}
		}
		if (e.Instance) != p.Protect || e.Instance != (len(p.Tags) == 1) {
			t.Errorf("%s: protected %v, tags %v", c.name, p.Protect, p.Tags)
		}
		for _, part := range p.Stages[len(p.Stages)-1].Parts {
			if l, ok := part.Source.(late); ok && s.Mode != "cold" && !leaves(l.opt, l.path, at+"/data/_/opensearch") {
				t.Errorf("%s: %s captures live files of the search server", c.name, part.Path)
			}
		}
	}
}

// leaves reports whether a folder does not hold a path, or leaves it out.
func leaves(o dir.Options, folder, path string) bool {
	rest, below := strings.CutPrefix(path, folder+"/")
	if !below {
		return true
	}
	for _, x := range o.Exclude {
		if x == "/"+rest || strings.HasPrefix("/"+rest, x+"/") {
			return true
		}
	}
	return false
}

// The vendor's order: versions, database, applications, configuration, data.
func TestAxonIvyRestore(t *testing.T) {
	at := home(t, map[string]string{"configuration/ivy.yaml": "SystemDb.Url: jdbc:postgresql://localhost/ivy\n", "data/a": "", "applications/x": ""})
	p, err := Plan(t.Context(), "claims", &config.System{Type: "axon-ivy", Home: at,
		Databases: map[string]*config.Database{"system": {Type: "postgresql", Part: &postgres.Config{Host: "localhost", Database: "ivy"}}}}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	all, last := titles(p), -1
	for _, want := range []string{"verify the versions", "stop the engine", "the database system", at + "/applications", at + "/configuration", at + "/data", "start the engine", "indices"} {
		k := strings.Index(all, want)
		if k <= last {
			t.Errorf("%q is not in its place: %s", want, all)
		}
		last = k
	}
}

func TestWSO2Plan(t *testing.T) {
	toml := `[database.identity_db]
type = "postgre"
hostname = "localhost"
name = "identity"
[database.shared_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2SHARED_DB"
[[datasource]]
id = "FORGOTTEN"
`
	at := home(t, map[string]string{"repository/conf/deployment.toml": toml, "repository/database/WSO2SHARED_DB.mv.db": "", "repository/database/WSO2CARBON_DB.mv.db": "",
		"repository/logs/x": "", "repository/resources/security/wso2carbon.p12": "x", "updates/product.txt": "wso2is-7.0.0\n", "lib/x": ""})
	section := func() *config.System {
		return &config.System{Type: "wso2is", Home: at, Hooks: hooks(), Databases: map[string]*config.Database{
			"identity": {Type: "postgresql", Part: &postgres.Config{Host: "localhost", Database: "identity"}},
			"carbon":   {Type: "h2", Part: &h2.Config{URL: "jdbc:h2:./repository/database/WSO2CARBON_DB", Base: at, User: "a", Installation: at}},
		}}
	}
	for _, c := range []struct {
		name   string
		change func(*config.System, *Env)
		want   string
		said   []string
	}{
		{"hot", func(*config.System, *Env) {}, "databases: databases/identity; artifacts: directories/repository",
			[]string{"local registry", "THE DATABASE " + at + "/repository/database/WSO2SHARED_DB", "A DATABASE MAY NOT BE COVERED"}},
		{"cold", func(s *config.System, _ *Env) { s.Mode = "cold" }, "everything: databases/carbon databases/identity directories/repository", nil},
		{"the instance", func(_ *config.System, e *Env) { e.Instance = true }, "databases: databases/identity; artifacts: directories/instance", []string{"tagged 'instance'"}},
	} {
		s, e := section(), Env{}
		c.change(s, &e)
		p, err := Plan(t.Context(), "iam", s, e)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := shape(p); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
		all := strings.Join(append(append([]string{}, p.Notes...), p.Uncovered...), "\n")
		for _, w := range c.said {
			if !strings.Contains(all, w) {
				t.Errorf("%s: nothing is said of %q: %s", c.name, w, all)
			}
		}
		parts := p.Stages[len(p.Stages)-1].Parts
		l := parts[len(parts)-1].Source.(late)
		if got := leaves(l.opt, l.path, at+"/repository/logs"); got == e.Instance {
			t.Errorf("%s: logs are left out: %v", c.name, got)
		}
		if got := strings.Contains(strings.Join(l.opt.Exclude, " "), "/database/*.mv.db"); got == (s.Mode == "cold") {
			t.Errorf("%s: files of H2 are left out: %v", c.name, got)
		}
	}
}

// The vendor's order: the artifacts or the whole server, then the databases.
func TestWSO2Restore(t *testing.T) {
	at := home(t, map[string]string{"repository/conf/deployment.toml": "", "repository/resources/security/wso2carbon.p12": "x"})
	p, err := Plan(t.Context(), "iam", &config.System{Type: "wso2is", Home: at,
		Databases: map[string]*config.Database{"identity": {Type: "postgresql", Part: &postgres.Config{Host: "localhost", Database: "identity"}}}}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	all, last := titles(p), -1
	for _, want := range []string{"verify the versions", "stop the engine", at + "/repository", "the database identity", "start the engine"} {
		k := strings.Index(all, want)
		if k <= last {
			t.Errorf("%q is not in its place: %s", want, all)
		}
		last = k
	}
}
