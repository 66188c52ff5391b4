package flowable

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// need skips a test where a program is missing that setup installs.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed: .ci/setup installs it", p)
		}
	}
}

// programs builds the two programs of testdata, or returns those that were
// built of the same sources before: the engine's jar, and the folder of the
// content engine's jars.
func programs(t *testing.T) (engine, content string) {
	t.Helper()
	need(t, "java", "mvn")
	tools := os.Getenv("IVYVAULT_TOOLS")
	if tools == "" {
		home, err := os.UserHomeDir()
		check(t, err)
		tools = filepath.Join(home, ".cache", "ivyvault-tools")
	}
	dir := filepath.Join(tools, "flowable-"+digest(t, "testdata"))
	if _, err := os.Stat(dir); err != nil {
		check(t, os.MkdirAll(tools, 0o755))
		build(t, dir)
	}
	return filepath.Join(dir, "engine", "target", "engine.jar"), filepath.Join(dir, "content", "target")
}

// build has Maven build both, from what setup has fetched.
func build(t *testing.T, dir string) {
	t.Helper()
	at, err := os.MkdirTemp(filepath.Dir(dir), "flowable-building-")
	check(t, err)
	defer os.RemoveAll(at)
	check(t, os.CopyFS(at, os.DirFS("testdata")))
	for _, app := range []string{"engine", "content"} {
		cmd := exec.CommandContext(t.Context(), "mvn", "-o", "-q", "-B", "package")
		cmd.Dir = filepath.Join(at, app)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("the program %s does not build offline; .ci/setup fetches what it is made of: %v\n%s", app, err, out)
		}
	}
	if err := os.Rename(at, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // else another test was faster
			t.Fatal(err)
		}
	}
}

// digest is one of all files below a folder.
func digest(t *testing.T, root string) string {
	t.Helper()
	h := sha256.New()
	check(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		p, err := os.ReadFile(name)
		fmt.Fprintf(h, "%s\x00%d\x00%s", name, len(p), p)
		return err
	}))
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
