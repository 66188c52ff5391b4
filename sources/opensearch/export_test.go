package opensearch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ivyvault/sources"
)

// hostile are ids and contents that a careless writer of lines or paths breaks on.
func hostile() map[string]string {
	return map[string]string{
		"../../etc/passwd":       `{"n":1}`,
		"a/b?c=d&e#f%2F":         `{"text":"</script> & \u2028 \u0000 \"quoted\" \\"}`,
		"line\nbreak\r\"q\"":     "{\n  \"text\": \"over\\nlines\",\n  \"n\": 3\n}",
		"umlaut äöü 漢字 🙂":        `{"text":"ümlaut"}`,
		`{"index":{"_id":"x"}}`:  `{"raw":{"big":123456789012345678901234567890,"exact":1.10,"small":1e-320}}`,
		" ":                      `{}`,
		strings.Repeat("i", 512): `{"n":6,"deep":[{"a":1},{"a":[{"b":null}]}]}`,
	}
}

func TestExportAndRestore(t *testing.T) {
	s := real(t)
	do(t, s, "PUT", "/ivy-default-task", `{"settings":{"number_of_shards":2,"number_of_replicas":0,"analysis":{"analyzer":{"mine":{"type":"custom","tokenizer":"standard","filter":["lowercase"]}}}},
		"mappings":{"properties":{"n":{"type":"integer"},"text":{"type":"text","analyzer":"mine"},"raw":{"type":"object","enabled":false},"deep":{"type":"object","enabled":false}}},
		"aliases":{"tasks":{"filter":{"term":{"n":3}},"routing":"7"}, "all-tasks":{"is_write_index":true}}}`)
	do(t, s, "PUT", "/ivy-default-user", `{"settings":{"number_of_replicas":0,"blocks.write":false}}`)
	do(t, s, "PUT", "/other", `{"settings":{"number_of_replicas":0}}`)
	fill(t, s, "ivy-default-task", 0, 3000)
	fill(t, s, "ivy-default-user", 0, 10)
	fill(t, s, "other", 0, 5)
	var b strings.Builder
	for id, source := range hostile() {
		q, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, []byte(source)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, `{"index":{"_id":%s,"routing":"r%d"}}`+"\n%s\n", q, len(id), &line)
	}
	if answer := do(t, s, "POST", "/ivy-default-task/_bulk?refresh=true", b.String()); !strings.Contains(answer, `"errors":false`) {
		t.Fatal(answer)
	}
	do(t, s, "PUT", "/ivy-default-user/_settings", `{"index.blocks.write":true}`)

	p := part(s, ByExport, "ivy-*")
	first := mustBackup(t, p, nil)
	want := int64(3000 + len(hostile()))
	if first.facts.Counts["ivy-default-task"] != want || first.facts.Counts["ivy-default-user"] != 10 || len(first.facts.Counts) != 2 {
		t.Errorf("counts %v", first.facts.Counts)
	}
	if first.facts.Consistency != sources.Quiesced || first.facts.Product != "OpenSearch" || first.facts.Version != "2.19.6" {
		t.Errorf("facts %+v", first.facts)
	}
	same(t, first, mustBackup(t, p, first))

	if _, err := p.Restore(t.Context(), first.tree, sources.RestoreOptions{}); !isOccupied(err) {
		t.Fatalf("over what lives: %v", err)
	}
	do(t, s, "DELETE", "/ivy-default-task", "")
	out := mustRestore(t, p, first.tree, sources.RestoreOptions{Only: []string{"ivy-default-task"}, Facts: first.facts})
	if len(out.Counts) != 1 || out.Counts["ivy-default-task"] != want {
		t.Errorf("it came back with %v", out.Counts)
	}
	out = mustRestore(t, p, first.tree, sources.RestoreOptions{Replace: true, Facts: first.facts})
	if len(out.Counts) != 2 {
		t.Errorf("all came back with %v", out.Counts)
	}
	same(t, first, mustBackup(t, p, first))

	beside := part(s, ByExport, "ivy-*")
	beside.c.Restore.Prefix = "back-"
	mustRestore(t, beside, first.tree, sources.RestoreOptions{Only: []string{"*-user"}})
	if got := do(t, s, "GET", "/_alias/*tasks", ""); strings.Contains(got, "back-") {
		t.Errorf("an alias leads to what came back beside: %s", got)
	}
	if got := do(t, s, "GET", "/back-ivy-default-user/_count", ""); !strings.Contains(got, `"count":10`) {
		t.Error(got)
	}
}

func isOccupied(err error) bool {
	var o *sources.OccupiedError
	return errors.As(err, &o)
}

// same compares two captures, but for what an index gets anew when it is made.
func same(t *testing.T, a, b *night) {
	t.Helper()
	if len(a.tree) != len(b.tree) {
		t.Errorf("%d files, then %d", len(a.tree), len(b.tree))
	}
	for name, f := range a.tree {
		g := b.tree[name]
		if g == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		x, y := string(f.Data), string(g.Data)
		if strings.HasSuffix(name, settingsName) {
			x, y = settled(t, f.Data), settled(t, g.Data)
		}
		if x != y {
			t.Errorf("%s differs:\n%.1000s\n%.1000s", name, x, y)
		}
	}
}

func settled(t *testing.T, p []byte) string {
	t.Helper()
	first, then, err := newSettings(p, release{Product: openSearch, Major: 2})
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal([]any{first, then})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
