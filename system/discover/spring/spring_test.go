package spring

import (
	"strings"
	"testing"
	"testing/fstest"

	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

func load(files, env map[string]string, base ...Inside) *Config {
	m := fstest.MapFS{"app": &fstest.MapFile{Mode: 0o755 | 1<<31}}
	for k, v := range files {
		m[k] = &fstest.MapFile{Data: []byte(v)}
	}
	return Load(Options{Tree: tree.New(m), Home: "/app", Env: settings.FromMap(env), Base: base, User: "/home/u"})
}

// Each place goes before those above it in this list.
func TestOrder(t *testing.T) {
	inside := []Inside{
		{"app.jar!application.yml", "application.yml", []byte("k: inside\nspring.profiles.active: p\n")},
		{"app.jar!application-p.yml", "application-p.yml", []byte("k: inside-p\n")},
	}
	files := map[string]string{}
	env := map[string]string{}
	steps := []struct{ name, value string }{
		{"", "inside-p"},
		{"app/application.yml", "outside-yml"},
		{"app/application.properties", "outside-properties"},
		{"app/config/application.properties", "config"},
		{"app/config/sub/application.properties", "config-sub"},
		{"app/application-p.properties", "profile"},
		{"app/config/application-p.yml", "config-profile"},
	}
	for _, s := range steps {
		switch {
		case strings.HasSuffix(s.name, "yml"):
			files[s.name] = "k: " + s.value
		case s.name != "":
			files[s.name] = "k=" + s.value
		}
		if got, _ := load(files, env, inside...).Get("k"); got.Value != s.value {
			t.Errorf("with %s k is %q (%s), want %q", s.name, got.Value, got.From, s.value)
		}
	}
	for _, s := range [][3]string{{"SPRING_APPLICATION_JSON", `{"k":"json"}`, "json"}, {"JAVA_OPTS", `-Xmx1g -Dk=option -Dq="x y"`, "option"}} {
		env[s[0]] = s[1]
		if got, _ := load(files, env, inside...).Get("k"); got.Value != s[2] {
			t.Errorf("with %s k is %q", s[0], got.Value)
		}
	}
	if got, _ := load(files, env).Get("q"); got.Value != "x y" {
		t.Errorf("q is %q", got.Value)
	}
}

func TestBinding(t *testing.T) {
	c := load(map[string]string{
		"app/application.properties": "flowable.content.storage.rootFolder=/a\nother.key-one=${user.home}/x\ndeep=${a:${b:c}}/${D}\npw=${SECRET}\nlost=${nowhere}\n",
	}, map[string]string{"FLOWABLE_CONTENT_STORAGE_TYPE": "db", "D": "d", "SECRET": "geheim"})
	for key, want := range map[string]string{"flowable.content.storage.root-folder": "/a", "flowable.content.storage.type": "db", "other.keyOne": "/home/u/x", "deep": "c/d"} {
		if s, ok := c.Value(key); !ok || s.Value != want {
			t.Errorf("%s is %q, want %q", key, s.Value, want)
		}
	}
	if s, _ := c.Value("pw"); s.From.Kind != settings.Env || s.From.Variable() != "SECRET" {
		t.Errorf("the password is known by %s", s.From)
	}
	if s, _ := c.Value("lost"); s.Value != "${nowhere}" || len(c.Problems) != 1 || !strings.Contains(c.Problems[0], "application.properties:5") {
		t.Errorf("%q %q", s.Value, c.Problems)
	}
}

func TestDocumentsAndImports(t *testing.T) {
	c := load(map[string]string{
		"app/application.yml":                    "a: all\n---\nspring.config.activate.on-profile: prod & !test\na: prod\n---\nspring.config.activate.on-profile: test | dev\na: test\n",
		"app/application-prod.properties":        "spring.config.import=optional:file:./more.yml,configtree:/run/secrets/,vault://x,file:/gone.yml\nspring.profiles.include=extra",
		"app/application-extra.yml":              "extra: yes",
		"app/more.yml":                           "more: yes",
		"run/secrets/spring.datasource.password": "geheim\n",
		"run/secrets/nested/key":                 "v",
		"run/secrets/..data/hidden":              "x",
	}, map[string]string{"SPRING_PROFILES_ACTIVE": "prod"})
	for key, want := range map[string]string{"a": "prod", "more": "yes", "extra": "yes", "spring.datasource.password": "geheim", "nested.key": "v", "data.hidden": ""} {
		if s, _ := c.Get(key); s.Value != want {
			t.Errorf("%s is %q, want %q", key, s.Value, want)
		}
	}
	if s, _ := c.Get("spring.datasource.password"); s.From.Kind != settings.SecretFile {
		t.Error(s.From)
	}
	if text := strings.Join(c.Problems, "\n"); !strings.Contains(text, "vault") || !strings.Contains(text, "/gone.yml") {
		t.Errorf("problems: %s", text)
	}
}

func TestLocations(t *testing.T) {
	files := map[string]string{"app/application.properties": "k=home", "etc/x/application.properties": "k=etc", "etc/one.yml": "k: one"}
	for env, want := range map[string]string{"file:/etc/x/": "etc", "optional:/etc/one.yml": "one", "/gone/": ""} {
		if s, _ := load(files, map[string]string{"SPRING_CONFIG_LOCATION": env}).Get("k"); s.Value != want {
			t.Errorf("%s: %q", env, s.Value)
		}
	}
	if s, _ := load(files, map[string]string{"SPRING_CONFIG_ADDITIONAL_LOCATION": "/etc/x/"}).Get("k"); s.Value != "etc" {
		t.Errorf("additional: %q", s.Value)
	}
}

// Configurations that refer to themselves end.
func TestCircles(t *testing.T) {
	c := load(map[string]string{"app/application.yml": "a: ${b}\nb: x${a}x\nspring.config.import: ./application.yml\n", "app/broken.yml": "["}, nil)
	if s, _ := c.Value("a"); len(s.Value) > 1<<17 {
		t.Error(len(s.Value))
	}
}
