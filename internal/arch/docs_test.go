package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A page that calls a test its proof must not outlive the test. Where a line of
// a table names a package before the test, the test must be in that package.
func TestPagesNameTestsThatExist(t *testing.T) {
	in := map[string]string{} // package and name of each test
	any := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declared.FindAllSubmatch(b, -1) {
				in[strings.TrimPrefix(p.ImportPath, module+"/")+" "+string(m[1])] = f
				any[string(m[1])] = true
			}
		}
	}
	named := regexp.MustCompile("`([a-z]+(?:/[a-z]+)*)`: |\\b((?:Test|Fuzz|Benchmark)[A-Z]\\w*)")
	count := 0
	for _, page := range pages(t) {
		b, err := os.ReadFile(filepath.Join(top(t), page))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(b), "\n") {
			pkg := ""
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				switch name := m[2]; {
				case m[1] != "":
					pkg = m[1]
				case pkg == "" && !any[name]:
					t.Errorf("%s:%d names %s, which is no test", page, i+1, name)
				case pkg != "" && in[pkg+" "+name] == "":
					t.Errorf("%s:%d names %s in %s, where there is no such test", page, i+1, name, pkg)
				default:
					count++
				}
			}
		}
	}
	if count < 10 {
		t.Errorf("only %d tests are named in pages: they should say how each promise is held", count)
	}
}

// A link in a page leads to a file that is there.
func TestPagesLinkToFilesThatExist(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#: ]+)(?:#[^)]*)?\)`)
	for _, page := range pages(t) {
		b, err := os.ReadFile(filepath.Join(top(t), page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			if _, err := os.Stat(filepath.Join(top(t), filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// pages returns the README and the pages of doc, those made from the program's
// help left out.
func pages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "doc/*.md"} {
		found, err := filepath.Glob(filepath.Join(top(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			rel, err := filepath.Rel(top(t), f)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, rel)
		}
	}
	if len(list) < 3 {
		t.Fatalf("only %v found", list)
	}
	return list
}
