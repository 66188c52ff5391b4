package tables

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{[]string{"public", "claims"}, "public.claims"},
		{[]string{"a.b", "c"}, "a%2Eb.c"},
		{[]string{"a", "b.c"}, "a.b%2Ec"},
		{[]string{"x/y", "..\n%"}, "x%2Fy.%2E%2E%0A%25"},
		{[]string{"Größe", "日本 Tab"}, "Größe.日本 Tab"},
	} {
		if got := FileName(c.parts...); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.parts, got, c.want)
		}
	}
}

// Names made of few bytes collide soon where the encoding is ambiguous.
func TestFileNamesDiffer(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	word := func() string {
		var b strings.Builder
		for range r.IntN(5) {
			b.WriteByte("a.%/2E~\n"[r.IntN(8)])
		}
		return b.String() + strings.Repeat("y/", r.IntN(2)*r.IntN(90))
	}
	seen := map[string]string{}
	for range 20000 {
		a, b := word(), word()
		name, parts := FileName(a, b), fmt.Sprintf("%q", []string{a, b})
		if old, ok := seen[name]; ok && old != parts {
			t.Fatalf("%s and %s both become %q", old, parts, name)
		}
		seen[name] = parts
		if len(name) > longest || strings.ContainsAny(name, "/\n") {
			t.Fatalf("%s becomes %q", parts, name)
		}
	}
}

func TestQueries(t *testing.T) {
	d := Dialect{func(s string) string { return `"` + s + `"` }, "text"}
	got := Queries(append([]Lookup{{Table: "mine", Key: "k", Value: "v"}}, Defaults()...), []Table{
		{"s", "ACT_GE_PROPERTY", []string{"NAME_", "VALUE_", "REV_"}},
		{"s", "act_id_property", []string{"other"}},
		{"", "act_co_databasechangelog", []string{"id", "author", "orderexecuted"}},
		{"s", "IWA_Version", []string{"Version"}},
		{"s", "mine", []string{"k", "v"}},
		{"s", "orders", []string{"version"}},
	}, d)
	want := []string{
		`SELECT COALESCE(CAST("NAME_" AS text), ''), COALESCE(CAST("VALUE_" AS text), '') FROM "s"."ACT_GE_PROPERTY" WHERE lower("NAME_") LIKE '%version%' ORDER BY 1 LIMIT 50`,
		`SELECT 'rows', CAST(count(*) AS text) FROM "act_co_databasechangelog" UNION ALL SELECT 'last', v FROM (SELECT COALESCE(CAST("id" AS text), '') AS v FROM "act_co_databasechangelog" ORDER BY "orderexecuted" DESC LIMIT 1) AS newest`,
		`(SELECT 'Version', COALESCE(CAST("Version" AS text), '') FROM "s"."IWA_Version" LIMIT 1)`,
		`SELECT COALESCE(CAST("k" AS text), ''), COALESCE(CAST("v" AS text), '') FROM "s"."mine" WHERE lower("k") LIKE '%version%' ORDER BY 1 LIMIT 50`,
	}
	for i := range max(len(want), len(got)) {
		if i >= len(got) || i >= len(want) || got[i].SQL != want[i] {
			t.Fatalf("query %d of %+v, want %s", i, got, want[min(i, len(want)-1)])
		}
	}
}

func TestLookupValidate(t *testing.T) {
	for _, l := range Defaults() {
		if err := l.Validate(); err != nil {
			t.Error(err)
		}
	}
	for _, l := range []Lookup{{}, {Table: "[a"}, {Table: "a", Key: "k"}, {Table: "a", Order: "k"}} {
		if l.Validate() == nil {
			t.Errorf("%+v passes", l)
		}
	}
}
