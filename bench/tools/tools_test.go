package tools

import "testing"

func TestVersionIn(t *testing.T) {
	for out, want := range map[string]string{
		"restic 0.19.1 compiled with go1.26.8 on linux/amd64\n": "0.19.1",
		"rustic 0.11.4\n":         "0.11.4",
		"borg 1.4.5\n":            "1.4.5",
		"bupstash-0.12.0\n":       "0.12.0",
		"0.23.1 build: unknown":   "0.23.1",
		"v0.23.1-rc2 build: x":    "0.23.1-rc2",
		"unknown build of main\n": "unknown",
		"":                        "",
	} {
		if got := versionIn(out); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}

func TestParseKopiaList(t *testing.T) {
	list, err := parseKopiaList(`[{"id":"aa","rootEntry":{"obj":"k1"}},{"id":"bb","rootEntry":{"obj":"k2"}}]`)
	if err != nil || len(list) != 2 || list[1].ID != "bb" || list[1].Root.Object != "k2" {
		t.Fatal(list, err)
	}
	for _, bad := range []string{"", "[]", "{}", "snapshots: none"} {
		if _, err := parseKopiaList(bad); err == nil {
			t.Errorf("%q was taken for a list", bad)
		}
	}
}

func TestMissingRivalsAreNamed(t *testing.T) {
	there, missing := All("/bin/sh", t.TempDir(), func(name string) bool { return name != "borg" })
	if len(there) != 1 || there[0].Name != Ivy || len(missing) != 4 {
		t.Fatal(there, missing)
	}
}
