package secondreader_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestOnlyPrimitives proves that the reader is made of the page and of standard
// primitives: it depends on the standard library and on these packages alone.
func TestOnlyPrimitives(t *testing.T) {
	allowed := []string{
		"ivyvault/internal/secondreader",
		"golang.org/x/crypto/argon2", "golang.org/x/crypto/blake2b", "golang.org/x/sys/cpu",
		"github.com/zeebo/blake3", "github.com/klauspost/cpuid",
		"github.com/klauspost/compress",
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	seen := map[string]bool{}
next:
	for _, path := range strings.Fields(string(out)) {
		for _, a := range allowed {
			if path == a || strings.HasPrefix(path, a+"/") {
				seen[a] = true
				continue next
			}
		}
		t.Errorf("depends on %s: the reader must need nothing but doc/format.md and standard primitives", path)
	}
	if !seen[allowed[0]] || !seen["github.com/zeebo/blake3"] {
		t.Errorf("go list did not list the reader itself:\n%s", out)
	}
}
