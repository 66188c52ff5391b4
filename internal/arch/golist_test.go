package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// listed is what the go command says of a package.
type listed struct {
	Dir          string
	ImportPath   string
	Name         string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	CgoFiles     []string
	Doc          string
	Module       *struct{ Path string }
}

// own tells whether the package is of this module.
func (l listed) own() bool { return l.Module != nil && l.Module.Path == module }

// top returns the folder of the tree.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// golist runs 'go list -json' with more arguments at the top of the tree.
func golist(t *testing.T, env string, args ...string) []listed {
	t.Helper()
	c := exec.Command("go", append([]string{"list", "-json"}, args...)...)
	c.Dir, c.Env = top(t), append(os.Environ(), env)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, &stderr)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		err := d.Decode(&l)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
}

// packages returns those of this module, with the files of the large tests.
func packages(t *testing.T) []listed {
	t.Helper()
	all := golist(t, "CGO_ENABLED=0", "-tags", "large", "./...")
	if len(all) < 20 {
		t.Fatalf("only %d packages found", len(all))
	}
	return all
}
