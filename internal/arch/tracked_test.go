package arch

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tracked returns the files that git has, relative to the top of the tree.
func tracked(t *testing.T) []string {
	t.Helper()
	c := exec.Command("git", "ls-files", "-z")
	c.Dir = top(t)
	out, err := c.Output()
	if err != nil {
		t.Skipf("this is no git checkout: %v", err)
	}
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	return slices.DeleteFunc(files, func(f string) bool {
		i, err := os.Lstat(filepath.Join(top(t), f))
		return err != nil || !i.Mode().IsRegular() // a deleted file is tracked until the commit
	})
}

// unwanted are words that no tracked file may hold. They are written in pieces,
// so that this file is not found.
func unwanted() []struct {
	words *regexp.Regexp
	files string // suffix of the files that are looked at
	why   string
} {
	any := func(words ...string) *regexp.Regexp { return regexp.MustCompile(strings.Join(words, "|")) }
	return []struct {
		words *regexp.Regexp
		files string
		why   string
	}{
		{any(`\bTO`+`DO\b`, `\bFIX`+`ME\b`, `\bXX`+`X\b`, `\bHA`+`CK\b`), "",
			"what is left to do stands in the tracker, where somebody sees it"},
		{any(`not impl`+`emented`, `\bunimpl`+`emented`), ".go",
			"what does not work yet is left out, not answered with an excuse"},
		{any(`proxy\.gol`+`ang\.org`, `sum\.gol`+`ang\.org`, `registry\.npm`+`js\.org`, `repo1?\.mav`+`en\.`, `crates`+`\.io`,
			`\bpypi`+`\.org`, `files\.python`+`hosted\.org`, `deb\.deb`+`ian\.org`), "",
			"packages are named and fetched by the ordinary client, which knows the registry or mirror of its machine"},
		{any(`(^|[^A-Za-z0-9_.])/(work|farm|root)` + `/`), "",
			"a path of one machine is of no use on another"},
		{any(`-----BEGIN [A-Z ]*PRIV` + `ATE KEY-----`), "",
			"a secret that was in a repository once is none any more"},
	}
}

func TestTrackedFilesHoldNoUnwantedWords(t *testing.T) {
	for _, name := range tracked(t) {
		b, err := os.ReadFile(filepath.Join(top(t), name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b, 0) >= 0 || filepath.Base(name) == "LICENSE" {
			continue // data, and a text that isn't ours
		}
		for _, u := range unwanted() {
			if !strings.HasSuffix(name, u.files) {
				continue
			}
			for i, line := range bytes.Split(b, []byte("\n")) {
				if w := u.words.Find(line); w != nil {
					t.Errorf("%s:%d holds %q: %s", name, i+1, w, u.why)
				}
			}
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	const most = 400
	for _, name := range tracked(t) {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(top(t), name))
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(b, []byte("\n"))
		switch {
		case lines <= most:
		case strings.HasSuffix(name, "_test.go"):
			t.Logf("%s has %d lines: worth a look whether it is two things", name, lines)
		default:
			t.Errorf("%s has %d lines: a file of more than %d holds more than one idea; split it by its ideas", name, lines, most)
		}
	}
}
