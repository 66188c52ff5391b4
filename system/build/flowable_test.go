package build

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ivyvault/system"
	"ivyvault/system/config"
)

// flowablePlan makes the plan of a section in which HOME and URL are put.
func flowablePlan(t *testing.T, section, url string) (*system.Plan, error) {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"webapps/work/WEB-INF/lib/flowable-engine-7.1.0.jar", "config/application.properties"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, name), []byte("flowable.content.storage.root-folder="+home+"/content\nspring.datasource.url=jdbc:postgresql://localhost/claims\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := "version: 1\nsystems:\n  claims:\n    type: flowable\n" + strings.NewReplacer("HOME", home, "URL", url).Replace(section)
	f, err := config.Parse("ivyvault.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return Plan(t.Context(), "claims", f.Systems["claims"], Env{})
}

const (
	flowableParts = `    home: HOME
    databases:
      flowable: {type: postgresql, database: claims, user: backup}
    search: {url: 'http://localhost:9', method: export, prefixes: [claims-], indices: [our-own-alias]}
    documents:
      content: {type: dir, path: HOME/content}
    directories:
      application: {path: HOME, exclude: [/content]}
`
	flowableHooks = "    hooks:\n      stop: {command: [stop-it]}\n      start: {command: [start-it]}\n"
)

func stageNames(p *system.Plan) (out []string) {
	for _, s := range p.Stages {
		var parts []string
		for _, x := range s.Parts {
			parts = append(parts, x.Path)
		}
		out = append(out, s.Name+": "+strings.Join(parts, " "))
	}
	return out
}

// The vendor's order, hot and cold.
func TestFlowableOrder(t *testing.T) {
	for mode, want := range map[string][]string{
		"hot": {"database: databases/flowable", "search: search", "content: documents/content directories/application"},
		// The search server may still be working when the nodes are down.
		"cold": {"database and files: databases/flowable documents/content directories/application", "search: search"},
	} {
		p, err := flowablePlan(t, "    mode: "+mode+"\n    url: 'http://127.0.0.1:9/work'\n"+flowableParts+flowableHooks, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := stageNames(p); !slices.Equal(got, want) {
			t.Errorf("%s: %q", mode, got)
		}
		for _, s := range p.Stages {
			if (s.Ready != nil) != (mode == "cold" && s.Name == "search") {
				t.Errorf("%s: whether the stage %s waits is wrong", mode, s.Name)
			}
		}
		if len(p.Checks) != 1 || len(p.Compare) != 1 || (p.Stopped != nil) != (mode == "cold") || p.Version != "7.1.0" {
			t.Errorf("%s: %d checks, %d comparisons, version %q", mode, len(p.Checks), len(p.Compare), p.Version)
		}
		if len(p.Uncovered) > 0 {
			t.Errorf("%s: not covered: %q", mode, p.Uncovered)
		}
		if v := p.Restore[3]; len(v.Do) != 1 || !strings.Contains(v.Do[0], "flowable-engine-7.1.0.jar") {
			t.Errorf("%s: the version is verified by %q", mode, v.Do)
		}
		var steps []string
		for _, s := range p.Restore {
			steps = append(steps, s.Part)
		}
		if want := []string{"", "directories/application", "documents/content", "", "databases/flowable", "search", ""}; !slices.Equal(steps, want) {
			t.Errorf("%s: the steps put back %q", mode, steps)
		}
	}
}

// A node that can't be asked can't be seen to be down.
func TestFlowableColdNeedsNodes(t *testing.T) {
	_, err := flowablePlan(t, "    mode: cold\n"+flowableParts+flowableHooks, "")
	if err == nil || !strings.Contains(err.Error(), "name the 'url' of the application") {
		t.Errorf("without any URL: %v", err)
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	p, err := flowablePlan(t, "    mode: cold\n    nodes:\n      a: {url: '"+gone.URL+"'}\n      b: {url: URL}\n"+flowableParts+strings.ReplaceAll(flowableHooks, "stop-it]", "stop-it], timeout: 100ms"), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stopped(t.Context()); err == nil || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("one of two nodes runs: %v", err)
	}
	s.Close()
	if err := p.Stopped(t.Context()); err != nil {
		t.Errorf("both nodes are down: %v", err)
	}
}

// What runs tells its version; the installation only where it doesn't.
func TestFlowableVersion(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flowable-work/process-api/management/engine" {
			fmt.Fprint(w, `{"version":"7.2.0"}`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer s.Close()
	p, err := flowablePlan(t, "    url: URL/flowable-work\n"+flowableParts, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if p.Version != "7.2.0" || !slices.ContainsFunc(p.Notes, func(n string) bool { return strings.Contains(n, "RUNS IS 7.2.0, and the one that is installed 7.1.0") }) {
		t.Errorf("version %q, notes %q", p.Version, p.Notes)
	}
	if _, err := p.Checks[0].Look(t.Context()); err == nil {
		t.Error("a page that is not there is good health")
	}
}

// Where content or indices are not captured, the plan and the run book say so.
func TestFlowableLacks(t *testing.T) {
	p, err := flowablePlan(t, "    home: HOME\n    databases:\n      flowable: {type: postgresql, database: claims, user: backup}\n", "")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.Uncovered, func(u string) bool { return strings.Contains(u, "no 'documents' are named") }) {
		t.Errorf("uncovered: %q", p.Uncovered)
	}
	var titles []string
	for _, s := range p.Restore {
		titles = append(titles, s.Title)
	}
	if all := strings.Join(titles, "; "); !strings.HasSuffix(all, "start the engine and ask whether it is well; have the indices made again") || !strings.Contains(all, "see where the content is kept") {
		t.Errorf("steps: %s", all)
	}
	for method, want := range map[string]bool{"rebuild": true, "export": false} {
		p, err := flowablePlan(t, strings.Replace(flowableParts, "method: export", "method: "+method, 1), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(p.Restore[len(p.Restore)-1].Title, "made again"); got != want {
			t.Errorf("%s: the last step is %q", method, p.Restore[len(p.Restore)-1].Title)
		}
	}
}
