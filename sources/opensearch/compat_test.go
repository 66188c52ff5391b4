package opensearch

import (
	"errors"
	"strings"
	"testing"
)

func TestRestorable(t *testing.T) {
	for _, c := range []struct{ from, made, to, want string }{
		{"OpenSearch 2.19.6", "OpenSearch 2.19.6", "OpenSearch 2.19.6", ""},
		{"OpenSearch 2.19.6", "OpenSearch 2.19.6", "OpenSearch 3.6.0", ""}, // seen to work
		{"OpenSearch 2.19.6", "Elasticsearch 7.10.2", "OpenSearch 2.19.6", ""},
		{"OpenSearch 2.19.6", "Elasticsearch 7.10.2", "OpenSearch 3.6.0", "open no index that Elasticsearch made"},
		{"OpenSearch 2.19.6", "OpenSearch 1.3.0", "OpenSearch 3.6.0", "2.0 and newer"},
		{"OpenSearch 2.19.6", "OpenSearch 2.4.0", "OpenSearch 2.19.5", "older than the one"},
		{"OpenSearch 3.0.0", "OpenSearch 2.4.0", "OpenSearch 2.19.6", "older than the one"},
		{"OpenSearch 2.19.6", "OpenSearch 2.4.0", "Elasticsearch 8.5.0", "does not know the version numbers"},
		{"Elasticsearch 8.5.0", "Elasticsearch 8.5.0", "OpenSearch 2.19.6", "unknown field [uuid]"},
		{"Elasticsearch 7.17.0", "Elasticsearch 7.17.0", "OpenSearch 2.19.6", "7.10.2 and reads nothing newer"},
		{"Elasticsearch 7.10.2", "Elasticsearch 7.10.2", "OpenSearch 2.19.6", ""},
		{"Elasticsearch 7.10.2", "Elasticsearch 6.8.0", "OpenSearch 2.19.6", "7.0 and newer"},
		{"Elasticsearch 7.10.2", "Elasticsearch 6.8.0", "OpenSearch 1.3.0", ""},
		{"Elasticsearch 7.10.2", "Elasticsearch 7.10.2", "OpenSearch 3.6.0", "read no index of Elasticsearch"},
		{"Elasticsearch 7.17.0", "Elasticsearch 6.8.0", "Elasticsearch 7.17.1", ""},
		{"Elasticsearch 7.17.0", "Elasticsearch 5.6.0", "Elasticsearch 7.17.1", "6.0 and newer"},
		{"Elasticsearch 7.17.0", "Elasticsearch 7.17.0", "Elasticsearch 8.5.0", ""},
		{"Elasticsearch 7.17.0", "Elasticsearch 6.8.0", "Elasticsearch 8.5.0", "7.0 and newer"},
		{"Elasticsearch 8.5.0", "Elasticsearch 7.17.0", "Elasticsearch 9.0.0", "8.0 and newer"},
		{"Elasticsearch 8.5.0", "Elasticsearch 8.5.0", "Elasticsearch 9.0.0", ""},
	} {
		from, made, to := named(t, c.from), named(t, c.made), named(t, c.to)
		err := restorable(from, to, []recorded{{Name: "x", Product: made.Product, Version: made.version()}})
		var v *VersionError
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &v) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, made by %s, to %s: %v, want %q", c.from, c.made, c.to, err, c.want)
		}
	}
}

func named(t *testing.T, text string) release {
	t.Helper()
	product, version, _ := strings.Cut(text, " ")
	r, err := parseRelease(product, version)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMadeBy(t *testing.T) {
	for number, want := range map[string]string{
		"136408427": "OpenSearch 2.19.6",
		"7100299":   "Elasticsearch 7.10.2",
		"6082399":   "Elasticsearch 6.8.23",
		"135217827": "OpenSearch 1.0.0",
	} {
		if r, err := madeBy(number); err != nil || r.String() != want {
			t.Errorf("%s is of %v, %v; want %s", number, r, err, want)
		}
	}
	for _, number := range []string{"", "x", "-1", "7.10.2", "99999999999999999999"} {
		if r, err := madeBy(number); err == nil {
			t.Errorf("%q is of %v", number, r)
		}
	}
	for _, version := range []string{"", "2", "2.19", "2.19.x", "2.19.6.1", "-1.0.0", "99999999.0.0"} {
		if r, err := parseRelease(openSearch, version); err == nil {
			t.Errorf("%q is %v", version, r)
		}
	}
	if r, err := parseRelease(openSearch, "3.0.0-alpha1"); err != nil || r.Major != 3 {
		t.Errorf("%v, %v", r, err)
	}
}
