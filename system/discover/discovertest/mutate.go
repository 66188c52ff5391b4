package discovertest

import (
	"flag"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ivyvault/system/discover"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/discover/settings"
)

// Golden compares each proposal with the file beside its archive. With rewrite
// it writes these instead.
func Golden(t *testing.T, engines []discover.Engine, dir string) {
	rewrite := flag.Lookup("test.run") != nil && os.Getenv("IVYVAULT_REWRITE_GOLDEN") == "1"
	for _, c := range Cases(t, dir) {
		t.Run(c.Name, func(t *testing.T) {
			list, text, err := c.Run(engines)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				t.Fatal("nothing was proposed")
			}
			name := filepath.Join(dir, c.Name+".golden.yaml")
			if rewrite {
				if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != text {
				t.Errorf("the proposal is another than %s (IVYVAULT_REWRITE_GOLDEN=1 writes it anew):\n%s", name, text)
			}
			if _, again, err := c.Run(engines); err != nil || again != text {
				t.Errorf("two runs differ: %v", err)
			}
		})
	}
}

// Irrelevant are keys that an engine has no reason to show: a pattern of
// "file key", and the reason.
type Irrelevant map[string]string

// Mutate changes, one at a time, each key and each value of all files that
// hold settings. A change must change the proposal; a change of a secret must
// not, and no secret may be in it.
func Mutate(t *testing.T, engines []discover.Engine, dir string, irrelevant Irrelevant) {
	used := map[string]bool{}
	keys := 0
	for _, c := range Cases(t, dir) {
		_, before, err := c.Run(engines)
		if err != nil {
			t.Fatal(err)
		}
		for file, text := range c.files {
			for _, s := range parse(file, text) {
				pattern := match(irrelevant, file+" "+s.Key)
				if pattern != "" {
					used[pattern] = true
					continue
				}
				keys++
				c.mutate(t, engines, before, file, s)
			}
		}
	}
	t.Logf("%d keys were changed", keys)
	if keys == 0 {
		t.Error("no key was found")
	}
	for p, reason := range irrelevant {
		if !used[p] {
			t.Errorf("no key is like %q: the line is of no use", p)
		}
		if reason == "" {
			t.Errorf("%q has no reason", p)
		}
	}
}

func match(list Irrelevant, text string) string {
	for p := range list {
		if regexp.MustCompile(p).MatchString(text) {
			return p
		}
	}
	return ""
}

// parse reads a file as the tests see it; what holds no settings gives none.
func parse(file, text string) []settings.Setting {
	var docs [][]settings.Setting
	switch base := path.Base(file); {
	case strings.HasSuffix(base, ".yaml"), strings.HasSuffix(base, ".yml"):
		docs, _ = settings.YAML([]byte(text), file)
	case strings.HasSuffix(base, ".properties"), base == "release", base == "env", strings.HasSuffix(base, ".lic"), strings.HasSuffix(base, ".license"):
		docs, _ = settings.Properties([]byte(text), file)
	case strings.HasSuffix(base, ".toml"):
		list, _ := settings.TOML([]byte(text), file)
		docs = [][]settings.Setting{list}
	case strings.HasSuffix(base, ".xml"):
		docs = [][]settings.Setting{tags(text, file)}
	}
	var all []settings.Setting
	for _, d := range docs {
		all = append(all, d...)
	}
	return all
}

// tags finds elements that hold text.
func tags(text, file string) []settings.Setting {
	form := regexp.MustCompile(`<(\w[\w.-]*)(?:\s+name="([^"]*)")?[^<>]*>([^<>\n]+)</`)
	var list []settings.Setting
	for i, line := range strings.Split(text, "\n") {
		for _, m := range form.FindAllStringSubmatch(line, -1) {
			key := m[2]
			if key == "" {
				key = m[1]
			}
			list = append(list, settings.Setting{Key: key, Value: m[3], From: settings.Origin{Name: file, Line: i + 1}})
		}
	}
	return list
}

func (c *Case) mutate(t *testing.T, engines []discover.Engine, before, file string, s settings.Setting) {
	t.Helper()
	for _, v := range mutants(s) {
		text, err := c.replaceValue(file, s, v)
		if err != nil {
			t.Errorf("%s: %s: %v", c.Name, describe(s), err)
			continue
		}
		_, after, err := c.With(file, text).Run(engines)
		switch {
		case err != nil: // a refusal with a sentence is a change, too
		case jdbc.Secret(lastPart(s.Key)) && !refers(s.Value):
			if after != before && s.Value != "" {
				t.Errorf("%s: %s: the proposal depends on a secret", c.Name, describe(s))
			}
			if strings.HasPrefix(s.Value, "geheim") && strings.Contains(after, s.Value) {
				t.Errorf("%s: %s: the secret is in the proposal", c.Name, describe(s))
			}
		case after == before:
			t.Errorf("%s: %s: with the value %q the proposal is the same", c.Name, describe(s), v)
		}
	}
	text, err := c.replaceKey(file, s)
	if err != nil {
		t.Errorf("%s: %s: %v", c.Name, describe(s), err)
		return
	}
	if _, after, err := c.With(file, text).Run(engines); err == nil && after == before {
		t.Errorf("%s: %s: without the key the proposal is the same", c.Name, describe(s))
	}
}

// refers reports whether the value says where a secret is.
func refers(value string) bool {
	return strings.HasPrefix(value, "$") && !strings.Contains(value, "crypt:")
}

func lastPart(key string) string {
	return regexp.MustCompile(`\[\d+\]$`).ReplaceAllString(key[strings.LastIndexByte(key, '.')+1:], "")
}

// mutants returns other values of the same kind.
func mutants(s settings.Setting) []string {
	v := s.Value
	switch n, err := strconv.Atoi(v); {
	case err == nil:
		return []string{strconv.Itoa(n + 1)}
	case v == "true":
		return []string{"false"}
	case v == "false":
		return []string{"true"}
	case v == "":
		return []string{"Q"}
	}
	if at := strings.Index(v, "://"); at >= 0 {
		host := max(at+3, strings.LastIndexByte(v, '@')+1)
		if strings.HasSuffix(v, "}") { // the value of a property in braces
			return []string{v[:host] + "Q" + v[host:], v + ";Q=Q"}
		}
		return []string{v[:host] + "Q" + v[host:], v + "Q"}
	}
	if refers(v) && strings.HasSuffix(v, "}") {
		return []string{v[:len(v)-1] + "Q}"}
	}
	return []string{v + "Q"}
}

func (c *Case) line(file string, s settings.Setting) (lines []string, at int) {
	lines = strings.Split(c.files[file], "\n")
	return lines, s.From.Line - 1
}

func (c *Case) replaceValue(file string, s settings.Setting, v string) (string, error) {
	lines, at := c.line(file, s)
	if s.Value == "" {
		lines[at] += " " + v
		if strings.HasSuffix(c.files[file], "=") {
			return strings.Join(lines, "\n"), nil
		}
		return strings.Join(lines, "\n"), nil
	}
	i := strings.LastIndex(lines[at], s.Value)
	if strings.HasSuffix(file, ".xml") {
		i = strings.Index(lines[at], ">"+s.Value+"<") + 1
	}
	if i < 0 {
		return "", errNoValue
	}
	lines[at] = lines[at][:i] + v + lines[at][i+len(s.Value):]
	return strings.Join(lines, "\n"), nil
}

func (c *Case) replaceKey(file string, s settings.Setting) (string, error) {
	lines, at := c.line(file, s)
	key := lastPart(s.Key)
	const other = "qqq"
	i := strings.Index(lines[at], key)
	if strings.HasSuffix(s.Key, "]") && i < 0 { // a member of a list has no key
		return "", nil
	}
	if i < 0 {
		return "", errNoValue
	}
	lines[at] = lines[at][:i] + other + lines[at][i+len(key):]
	if strings.HasSuffix(file, ".xml") && !strings.Contains(lines[at], `name="`) {
		lines[at] = strings.Replace(lines[at], "</"+key+">", "</"+other+">", 1)
	}
	return strings.Join(lines, "\n"), nil
}
