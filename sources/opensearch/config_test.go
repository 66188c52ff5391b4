package opensearch

import (
	"strings"
	"testing"

	"ivyvault/sources/secret"
)

func TestValidate(t *testing.T) {
	v, err := secret.Parse("{env:X}")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(c *Config)
		want   string
	}{
		"good":            {func(*Config) {}, ""},
		"export":          {func(c *Config) { c.Method, c.Snapshot = ByExport, SnapshotConfig{} }, ""},
		"with a path":     {func(c *Config) { c.URL = "http://loadbalancer/opensearch/" }, ""},
		"prefixes":        {func(c *Config) { c.Indices, c.Prefixes = nil, []string{"acme-"} }, ""},
		"leaving out":     {func(c *Config) { c.Indices = []string{"ivy-*", "-ivy-tmp*"} }, ""},
		"password in url": {func(c *Config) { c.URL = "http://u:hunter2@host:9200" }, "must hold no name or password"},
		"bad url":         {func(c *Config) { c.URL = "http://u:hunter2@host:92 00" }, "can't be read"},
		"no scheme":       {func(c *Config) { c.URL = "localhost:9200" }, "must begin with"},
		"query":           {func(c *Config) { c.URL = "http://h/?a=b" }, "neither"},
		"user only":       {func(c *Config) { c.Username = "ivy" }, "both"},
		"password only":   {func(c *Config) { c.Password = v }, "both"},
		"insecure":        {func(c *Config) { c.Insecure = "yes" }, Unchecked},
		"ca and insecure": {func(c *Config) { c.Insecure, c.CAFile = Unchecked, "/x" }, "contradict"},
		"no ca":           {func(c *Config) { c.CAFile = "/does/not/exist" }, "ca_file"},
		"no indices":      {func(c *Config) { c.Indices = nil }, "no indices are named"},
		"bad pattern":     {func(c *Config) { c.Indices = []string{"a/b"} }, "a/b"},
		"remote":          {func(c *Config) { c.Indices = []string{"other:x"} }, "other:x"},
		"two in one":      {func(c *Config) { c.Indices = []string{"a,b"} }, "a,b"},
		"method":          {func(c *Config) { c.Method = "copy" }, "none of snapshot, export, rebuild"},
		"no location":     {func(c *Config) { c.Snapshot.Location = "" }, "location is missing"},
		"relative":        {func(c *Config) { c.Snapshot.Location = "snaps" }, "absolute"},
		"keep":            {func(c *Config) { c.Snapshot.Keep = -1 }, "keep"},
		"repository":      {func(c *Config) { c.Snapshot.Repository = "a b" }, "repository"},
		"prefix":          {func(c *Config) { c.Restore.Prefix = "-x" }, "prefix"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := Config{Indices: []string{"ivy-*"}, Snapshot: SnapshotConfig{Location: "/srv/snaps/ivy"}}
			c.change(&conf)
			err := conf.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it tells the password: %v", err)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	c := Config{Indices: []string{"ivy-*"}, Snapshot: SnapshotConfig{Location: "/srv/snaps/ivy/", Local: "/mnt/snaps/ivy"}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.URL != Bundled || c.Method != BySnapshot || c.Snapshot.Repository != "ivyvault" || c.Snapshot.Keep != 2 {
		t.Errorf("%+v", c)
	}
	if c.Restore.Location != "/srv/snaps" || c.Restore.Local != "/mnt/snaps" {
		t.Errorf("%+v", c.Restore)
	}
	c.Prefixes = []string{"acme-"}
	if got := strings.Join(c.patterns(), " "); got != "acme-* ivy-*" {
		t.Errorf("patterns %s", got)
	}
}
