package discover_test

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ivyvault/system/config"
	"ivyvault/system/discover/discovertest"
)

// Every proposal is a configuration that the program accepts.
func TestProposalsAreConfigurations(t *testing.T) {
	// Kinds of parts that exist, and that a configuration can't name yet.
	coming := regexp.MustCompile(`type of database "(mysql|mariadb)" is not known`)
	seen := 0
	for _, engine := range []string{"ivy", "flowable", "axonserver", "wso2"} {
		for _, c := range discovertest.Cases(t, filepath.Join(engine, "testdata")) {
			list, text, err := c.Run(engines())
			if err != nil {
				t.Fatalf("%s/%s: %v", engine, c.Name, err)
			}
			if len(list) != 1 {
				t.Errorf("%s/%s: %d systems", engine, c.Name, len(list))
			}
			seen++
			f, err := config.Parse(c.Name+".yaml", []byte(text))
			if err != nil {
				var problems config.Problems
				errors.As(err, &problems)
				for _, p := range problems {
					if !coming.MatchString(p.Error()) {
						t.Errorf("%s/%s: %v", engine, c.Name, p)
					}
				}
				if len(problems) == 0 {
					t.Errorf("%s/%s: %v", engine, c.Name, err)
				}
				continue
			}
			s := f.Systems[list[0].Name]
			if s == nil || s.Type != list[0].Type.Text || len(s.Databases) != len(list[0].Databases) || len(s.Directories) != len(list[0].Directories) || len(s.Nodes) != len(list[0].Nodes) {
				t.Errorf("%s/%s: the system was read as %+v", engine, c.Name, s)
			}
		}
	}
	if seen < 12 {
		t.Errorf("only %d proposals", seen)
	}
}

// Each line with a value says where it comes from.
func TestEachLineSaysWhereItWasFound(t *testing.T) {
	value := regexp.MustCompile(`^\s+(?:- |[\w-]+: )(\S.*)$`)
	for _, engine := range []string{"ivy", "flowable", "axonserver", "wso2"} {
		for _, c := range discovertest.Cases(t, filepath.Join(engine, "testdata")) {
			_, text, err := c.Run(engines())
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(text, "\n") {
				if value.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "#") && !strings.Contains(line, " # ") {
					t.Errorf("%s/%s: %s", engine, c.Name, line)
				}
			}
			if strings.Contains(text, "geheim") {
				t.Errorf("%s/%s: a secret is in the proposal", engine, c.Name)
			}
		}
	}
}
