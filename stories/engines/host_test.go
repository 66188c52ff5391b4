package engines

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// host is a machine on which the program runs, with a repository.
type host struct {
	t   *testing.T
	dir string
	env []string
}

// result is what a process left.
type result struct {
	args     []string
	code     int
	out, err string
}

func (r result) String() string { return strings.Join(r.args, " ") + "\n" + r.out + r.err }

// newHost makes a machine; secrets are NAME=value for its environment.
func newHost(t *testing.T, secrets ...string) *host {
	t.Helper()
	h := &host{t: t, dir: t.TempDir()}
	put(t, h.path("password"), "correct horse\n", 0o600)
	check(t, os.Mkdir(h.path("tmp"), 0o755))
	// Nothing of the tester's own settings is let in.
	h.env = append([]string{"PATH=" + tools + ":" + os.Getenv("PATH"), "HOME=" + h.dir, "TMPDIR=" + h.path("tmp"), "TZ=UTC", "IVYVAULT_REPOSITORY=" + h.path("repo"),
		"IVYVAULT_PASSWORD_FILE=" + h.path("password"), "IVYVAULT_CACHE_DIR=" + h.path("cache"), "IVYVAULT_STATE_DIR=" + h.path("state")}, secrets...)
	h.ok("init", "-q", "--kdf-memory", "1", "--kdf-passes", "1", "--pack-size", "4M")
	return h
}

func (h *host) path(elem ...string) string {
	return filepath.Join(append([]string{h.dir}, elem...)...)
}

// exec runs any program to its end.
func (h *host) exec(argv ...string) result {
	h.t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	var out, say bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = h.dir, h.env, &out, &say
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		h.t.Fatalf("%s: %v", argv[0], err)
	}
	return result{argv, cmd.ProcessState.ExitCode(), out.String(), say.String()}
}

// want runs the program and judges its exit code.
func (h *host) want(code int, args ...string) result {
	h.t.Helper()
	r := h.exec(append([]string{filepath.Join(tools, "ivyvault")}, args...)...)
	if r.code != code {
		h.t.Fatalf("exit code %d, want %d: %s", r.code, code, r)
	}
	return r
}

func (h *host) ok(args ...string) result { h.t.Helper(); return h.want(0, args...) }

// says fails the test where not all of the words were said.
func (r result) says(t *testing.T, words ...string) result {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(r.out+r.err, w) {
			t.Errorf("nothing is said of %q: %s", w, r)
		}
	}
	return r
}

// night is what a backup reports.
type night struct {
	Snapshot string `json:"snapshot_id"`
	Parts    []part `json:"parts"`
	Checks   []struct {
		Name, When, Said string
		OK               bool
		Wrong, Remarks   []string
	} `json:"checks"`
}

type part struct {
	Path      string `json:"path"`
	Stage     string `json:"stage"`
	Whole     bool   `json:"whole"`
	Error     string `json:"error"`
	Files     int64  `json:"files"`
	Unchanged int64  `json:"files_unchanged"`
	Bytes     int64  `json:"bytes"`
	Facts     struct {
		Schema map[string]string `json:"schema"`
		Counts map[string]int64  `json:"counts"`
	} `json:"facts"`
}

// backup captures the system and decodes what was reported.
func (h *host) backup(code int, args ...string) night {
	h.t.Helper()
	r := h.want(code, append([]string{"backup", "--system", "claims", "--json"}, args...)...)
	var n night
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if json.Unmarshal([]byte(r.out), &n) != nil {
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &n); err != nil {
			h.t.Fatalf("%v: %s", err, r)
		}
	}
	return n
}

func (n night) part(t *testing.T, path string) part {
	t.Helper()
	for _, p := range n.Parts {
		if p.Path == path {
			return p
		}
	}
	t.Fatalf("no part %s in %+v", path, n.Parts)
	return part{}
}

// discover has the installations discovered, makes the proposal the
// configuration, and returns what was said.
func (h *host) discover(homes ...string) result {
	h.t.Helper()
	r := h.ok(append([]string{"system", "discover", "--name", "claims"}, homes...)...)
	put(h.t, h.path("ivyvault.yaml"), r.out, 0o600)
	return r
}

// follow executes the run book of the newest snapshot: each block of commands
// as it stands there, but for those that do the same by hand.
func (h *host) follow() result {
	h.t.Helper()
	book := h.ok("system", "runbook", "claims").out
	script := "set -eu\n"
	for k, block := range strings.Split(book, "\n```sh\n") {
		if k == 0 {
			continue
		}
		code, _, closed := strings.Cut(block, "\n```")
		if !closed {
			h.t.Fatalf("a block has no end: %s", book)
		}
		before := strings.Split(book, "\n```sh\n")[k-1]
		if !strings.HasSuffix(strings.TrimSpace(before), "By hand:") {
			script += code + "\n"
		}
	}
	put(h.t, h.path("follow.sh"), script, 0o600)
	r := h.exec("sh", "-x", h.path("follow.sh"))
	if r.code != 0 {
		h.t.Fatalf("the run book fails with %d: %s\n%s", r.code, r, book)
	}
	return r
}

// put writes a file and the folders above it.
func put(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	check(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), mode)))
}

// tree is what is below a folder: content, or where a link leads, by path.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	check(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		switch {
		case d.IsDir():
			all[name] = info.Mode().String()
		case info.Mode()&os.ModeSymlink != 0:
			all[name], err = os.Readlink(path)
		default:
			p, rerr := os.ReadFile(path)
			all[name], err = info.Mode().String()+" "+info.ModTime().UTC().String()+" "+string(p), rerr
		}
		return err
	}))
	return all
}

// same fails the test where two maps differ, naming what does.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for k, v := range want {
		if g, ok := got[k]; !ok {
			t.Errorf("%s: %s is missing", what, k)
		} else if g != v {
			t.Errorf("%s: %s is %.120q, was %.120q", what, k, g, v)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: %s is there and was not", what, k)
		}
	}
}
