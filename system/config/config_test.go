package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/sources/h2"
	"ivyvault/sources/postgres"
	"ivyvault/sources/s3"
)

const whole = `version: 1
repository: /srv/backup
password: "{env:CONFIG_TEST_PASSWORD}"
cache-dir: /var/cache/ivyvault
systems:
  claims:
    type: axon-ivy
    home: HOME
    mode: cold
    url: http://localhost:8080
    nodes:
      one: {home: /opt/one, url: http://one:8080}
    databases:
      system:
        type: postgresql
        host: db1
        database: claims
        user: backup
        password: {env:CONFIG_TEST_PASSWORD}
        no_owner: true
        lock-wait: 30s
      local:
        type: h2
        url: jdbc:h2:file:/opt/ivy/data
        user: sa
        installation: /opt/ivy
    documents:
      files:
        type: dir
        path: HOME
      bucket:
        type: s3
        bucket: documents
        path-style: true
    directories:
      configuration:
        path: HOME
        exclude: [/log, "*.tmp"]
    hooks:
      before: {command: [echo, begin], timeout: 10s}
      after:
        - command: "logger end; sync"
          shell: true
      stop: {command: [echo, stop, ivy]}
      start: {command: [no-such-program, start, ivy]}
    schedule: "*-*-* 02:30:00"
    retention: {keep-daily: 7, keep-monthly: unlimited, keep-within: 14d, keep-tag: "release,gold"}
    objectives: {rpo: 1d, rto: 4h30m}
    protect: true
    tags: [nightly]
`

func TestWholeFile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("CONFIG_TEST_PASSWORD", "hunter2")
	f, err := Parse("x.yaml", []byte(strings.NewReplacer("HOME", home, "no-such-program", "echo").Replace(whole)))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Systems["claims"]
	pg, ok := s.Databases["system"].Part.(*postgres.Config)
	if !ok || pg.Host != "db1" || !pg.NoOwner || pg.LockWait != 30*time.Second || pg.Password.String() != "{env:CONFIG_TEST_PASSWORD}" {
		t.Errorf("the database is %+v", s.Databases["system"].Part)
	}
	if b, ok := s.Documents["bucket"].Part.(*s3.Config); !ok || b.Bucket != "documents" || !b.PathStyle {
		t.Errorf("the bucket is %+v", s.Documents["bucket"].Part)
	}
	if _, ok := s.Databases["local"].Part.(*h2.Config); !ok {
		t.Errorf("the local database is %+v", s.Databases["local"].Part)
	}
	h := s.Hooks
	if len(h.Before) != 1 || h.Before[0].Timeout != 10*time.Second || len(h.After) != 1 || !h.After[0].Shell || h.After[0].Command[0] != "logger end; sync" || h.Stop.Command[2] != "ivy" {
		t.Errorf("the hooks are %+v", h)
	}
	if s.Objectives.RPO != 24*time.Hour || s.Objectives.RTO != 4*time.Hour+30*time.Minute {
		t.Errorf("the objectives are %+v", s.Objectives)
	}
	p, err := s.Retention.Policy()
	if err != nil || p.Daily != 7 || p.Monthly >= 0 && p.Monthly < 1000 || len(p.Tags) != 1 || len(p.Tags[0]) != 2 {
		t.Errorf("the policy is %+v, %v", p, err)
	}
	r, err := f.Check(t.Context())
	if err != nil || r.Secrets != 2 || len(r.Systems) != 1 {
		t.Errorf("checked: %+v, %v", r, err)
	}
}

// The example of the page is one that is taken.
func TestPageShowsAGoodFile(t *testing.T) {
	page, err := os.ReadFile("../../doc/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, ok := strings.Cut(text, "```")
	if _, err := Parse("configuration.md", []byte(text)); err != nil || !ok {
		t.Error(err)
	}
	for _, k := range append(databases(), stores()...) {
		if !strings.Contains(string(page), "`"+k.name+"`") {
			t.Errorf("the page doesn't name the type %s", k.name)
		}
	}
}

func TestProblemsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\nrepositroy: /x\n":    `x.yaml:2: the key "repositroy" is not known; did you mean repository?`,
		"version: 2\n":                    "x.yaml:1: 'version: 1' is missing",
		"repository: /x\n":                "'version: 1' is missing",
		"":                                "it is empty",
		"version: 1\n---\nversion: 1\n":   "a second document",
		"version: 1\nversion: 1\n":        `x.yaml:2: the key "version" stands in line 1 already`,
		"version: 1\npassword: hunter2\n": "x.yaml:2: password: a secret must not stand",
		"version: 1\nsystems: [a]\n":      "x.yaml:2: systems is a group of",
		"version: 1\nsystems:\n  a:\n    type: axonivy\n":                                                             `x.yaml:4: systems.a.type: the type "axonivy" is not known; did you mean axon-ivy?`,
		"version: 1\nsystems:\n  a: {}\n":                                                                             "x.yaml:3: systems.a: 'type' is missing",
		"version: 1\nsystems:\n  a/b: {type: custom}\n":                                                               "can't be a name",
		"version: 1\nsystems:\n  a:\n    type: custom\n    mode: cold\n":                                              "x.yaml:5: systems.a.mode: a cold capture needs",
		"version: 1\nsystems:\n  a:\n    type: custom\n    databases:\n      d:\n        type: postgres\n":            `x.yaml:7: the type of database "postgres" is not known; did you mean postgresql?`,
		"version: 1\nsystems:\n  a:\n    type: custom\n    databases:\n      d: {host: x}\n":                          "has no 'type'",
		"version: 1\nsystems:\n  a:\n    type: custom\n    databases:\n      d:\n        type: h2\n        hsot: x\n": `x.yaml:8: the key "hsot" is not known`,
		"version: 1\nsystems:\n  a:\n    type: custom\n    documents:\n      d:\n        type: s3\n":                  "x.yaml:6: systems.a.documents.d: 'bucket' is missing",
		"version: 1\nsystems:\n  a:\n    type: custom\n    protect: maybe\n":                                          "x.yaml:5: systems.a.protect is true or false",
		"version: 1\nsystems:\n  a:\n    type: custom\n    objectives: {rpo: soon}\n":                                 "x.yaml:5: a time is written as",
		"version: 1\nsystems:\n  a:\n    type: custom\n    retention: {keep-daily: all}\n":                            "'keep-daily' is a number",
		"version: 1\nsystems:\n  a:\n    type: custom\n    hooks: {stop: {command: []}}\n":                            "systems.a.hooks.stop",
		"version: [1\n":            "it is no YAML",
		"version: 1\n? [a]\n: b\n": "a key is a word",
	} {
		_, err := Parse("x.yaml", []byte(text))
		var p Problems
		if !errors.As(err, &p) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// All problems are told at once, in the order of the lines.
func TestAllProblemsAtOnce(t *testing.T) {
	_, err := Parse("x.yaml", []byte("version: 1\nreposit: 1\ncache-dri: 2\nsystems:\n  a:\n    typo: 3\n"))
	var p Problems
	if !errors.As(err, &p) || len(p) != 3 || p[0].Line != 2 || p[1].Line != 3 || p[2].Line != 6 {
		t.Errorf("got %v", err)
	}
}

func TestCheckLooksForWhatIsNamed(t *testing.T) {
	t.Setenv("CONFIG_TEST_PASSWORD", "")
	f, err := Parse("x.yaml", []byte(strings.ReplaceAll(whole, "HOME", "/does/not/exist")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Check(t.Context())
	var p Problems
	if !errors.As(err, &p) || len(p) != 6 || p[0].Line != 3 || !strings.Contains(err.Error(), "hooks.start: the program of the hook is not there") || !strings.Contains(p[0].Error(), "is empty") {
		t.Errorf("got %v", err)
	}
}

func TestFind(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Chdir(t.TempDir())
	if _, err := os.Stat("/etc/ivyvault/ivyvault.yaml"); err == nil {
		t.Skip("root has a configuration on this machine")
	}
	_, err := Find()
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), home) {
		t.Errorf("nothing is there: %v", err)
	}
	at := filepath.Join(home, "ivyvault", Name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, []byte("version: 1\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(); got != at || err != nil {
		t.Errorf("found %s, %v", got, err)
	}
	if err := os.WriteFile(Name, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(); got != Name || err != nil {
		t.Errorf("found %s, %v", got, err)
	}
	if f, err := Read(Name); err != nil || f.Path() != Name {
		t.Errorf("read %v, %v", f, err)
	}
	// What others may write could name commands of theirs.
	if err := os.Chmod(Name, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(Name); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("a file that anybody may write is read: %v", err)
	}
}

var update = flag.Bool("update", false, "write the schema anew")

// The schema that editors are given is that of the types.
func TestSchemaIsCurrent(t *testing.T) {
	const at = "../../doc/ivyvault.schema.json"
	got, err := Schema()
	if err != nil || !json.Valid(got) {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(at, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("doc/ivyvault.schema.json is not that of the types: 'go test ./system/config -update' writes it")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("a: &a [*a]\nversion: *a"))
	f.Add([]byte("version: 1\nsystems: {a: {type: custom, databases: {d: {type: h2, url: &x y, user: *x}}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if file, err := Parse("x.yaml", text); err == nil && file.Version != 1 {
			t.Error("it has no version")
		}
	})
}
