package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// everyVerb calls fn for each verb, those with verbs below them included.
func everyVerb(t *testing.T, fn func(t *testing.T, words string, path []*cli.Command)) {
	for _, c := range newApp().Commands {
		t.Run(c.Name, func(t *testing.T) { fn(t, c.Name, []*cli.Command{c}) })
		for _, s := range c.Subcommands {
			t.Run(c.Name+"_"+s.Name, func(t *testing.T) { fn(t, c.Name+" "+s.Name, []*cli.Command{c, s}) })
		}
	}
}

func TestEveryVerbHasAnExample(t *testing.T) {
	everyVerb(t, func(t *testing.T, words string, path []*cli.Command) {
		var out bytes.Buffer
		if err := printHelp(&out, newApp(), path); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		_, example, ok := strings.Cut(text, "\nExample:\n")
		first, _, _ := strings.Cut(example, "\n\n")
		if !ok || !strings.Contains(first, "ivyvault "+words) {
			t.Errorf("no example that uses the verb:\n%s", text)
		}
		for _, line := range strings.Split(text, "\n") {
			if len(line) > 110 {
				t.Errorf("a line of %d letters: %s", len(line), line)
			}
		}
		c := path[len(path)-1]
		if len(c.Subcommands) == 0 && !strings.Contains(text, "--json") {
			t.Error("no --json")
		}
	})
}

// What an example shows must be accepted, as far as it can be seen without
// running it.
func TestExamplesAreUnderstood(t *testing.T) {
	seen := 0
	everyVerb(t, func(t *testing.T, words string, path []*cli.Command) {
		_, example, _ := strings.Cut(path[len(path)-1].Description, "\nExample:\n")
		for _, line := range strings.Split(example, "\n") {
			_, call, ok := strings.Cut(line, "ivyvault ")
			if !ok {
				continue
			}
			seen++
			call, _, _ = strings.Cut(call, " |")
			call, _, _ = strings.Cut(call, " >")
			l, err := arrange(newApp(), strings.Fields(call))
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			if got := l.verb(); !strings.HasPrefix(got, strings.Fields(words)[0]) {
				t.Errorf("%s: understood as %q", line, got)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d examples were found", seen)
	}
}

// A letter must not mean two flags of one verb.
func TestFlagsAreDistinct(t *testing.T) {
	everyVerb(t, func(t *testing.T, _ string, path []*cli.Command) {
		seen := map[string]bool{}
		for _, f := range path[len(path)-1].Flags {
			for _, n := range f.Names() {
				if seen[n] {
					t.Errorf("flag %q stands twice", n)
				}
				seen[n] = true
			}
		}
	})
}

func TestCompletionScriptsParse(t *testing.T) {
	app := newApp()
	for shell, script := range map[string]string{"bash": bashScript(app), "zsh": zshScript(app), "fish": fishScript(app)} {
		t.Run(shell, func(t *testing.T) {
			for _, l := range leaves(app.Commands) {
				for _, w := range strings.Fields(l.words) {
					if !strings.Contains(script, w) {
						t.Errorf("%s is not in the script", w)
					}
				}
			}
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("%s is not installed: only the words were looked at", shell)
			}
			cmd := exec.Command(path, "-n")
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// What bash offers is found out by running the script there.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	script := filepath.Join(t.TempDir(), "ivyvault.bash")
	if err := os.WriteFile(script, []byte(bashScript(newApp())), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"ivyvault sna", "snapshots"},
		{"ivyvault -r /x bac", "backup"},
		{"ivyvault key pas", "passwd"},
		{"ivyvault backup --exclude-c", "--exclude-caches"},
		{"ivyvault key add --rol", "--role"},
	} {
		words := strings.Fields(c.line)
		cmd := exec.Command(bash, "-c", `. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _ivyvault; echo "${COMPREPLY[*]}"`, "-", script)
		cmd.Args = append(cmd.Args, words...)
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.line, got, err, c.want)
		}
	}
}

// The pages in doc/man are those that the program writes.
func TestManPages(t *testing.T) {
	app := newApp()
	pages := manPages(app)
	if len(pages) != len(app.Commands)+1 {
		t.Errorf("%d pages for %d verbs", len(pages), len(app.Commands))
	}
	for _, c := range app.Commands {
		if !strings.Contains(pages[0].text, "ivyvault\\-"+c.Name) {
			t.Errorf("ivyvault.1 doesn't name %s", c.Name)
		}
	}
	dir := filepath.Join("..", "..", "doc", "man")
	for _, p := range pages {
		kept, err := os.ReadFile(filepath.Join(dir, p.name))
		if err != nil || string(kept) != p.text {
			t.Errorf("doc/man/%s is not what the program writes: run 'ivyvault man doc/man' (%v)", p.name, err)
		}
		for i, line := range strings.Split(p.text, "\n") {
			if strings.HasPrefix(line, "'") {
				t.Errorf("%s line %d would be taken for a command: %s", p.name, i+1, line)
			}
		}
	}
	kept, err := os.ReadDir(dir)
	if err != nil || len(kept) != len(pages) {
		t.Errorf("doc/man holds %d files for %d pages (%v)", len(kept), len(pages), err)
	}
}

// Every verb and every field that the stories' golden parts name is explained.
func TestJSONIsExplained(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "doc", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	story, err := os.ReadFile(filepath.Join("testdata", "script", "json.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	_, golden, _ := strings.Cut(string(story), "-- want/")
	fields := 0
	for _, line := range strings.Split(golden, "\n") {
		path, _, ok := strings.Cut(line, " ")
		if !ok || !strings.HasPrefix(path, ".") && !strings.HasPrefix(path, "[]") {
			continue
		}
		for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
			fields++
			if step != "NUMBER" && !strings.Contains(string(doc), "`"+step+"`") {
				t.Errorf("doc/json.md doesn't explain %q (%s)", step, line)
			}
		}
	}
	if fields < 100 {
		t.Errorf("only %d fields were found", fields)
	}
	for _, c := range newApp().Commands {
		if len(c.Subcommands) == 0 && !strings.Contains(string(doc), "`"+c.Name) {
			t.Errorf("doc/json.md doesn't name the verb %s", c.Name)
		}
	}
}
