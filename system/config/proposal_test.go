package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What discover proposes has no key that the configuration doesn't know. What
// must still be supplied by hand may be missing.
func TestProposalsAreUnderstood(t *testing.T) {
	files, err := filepath.Glob("../discover/*/testdata/*.golden.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("only %d proposals are there (%v)", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(filepath.Base(name), text)
		var problems Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				if strings.Contains(p.Said, "is not known") {
					t.Errorf("%v", p)
				} else {
					t.Logf("to be supplied: %v", p)
				}
			}
		}
	}
}
