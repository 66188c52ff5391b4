package link_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources/h2/h2test"
	"ivyvault/sources/h2/link"
)

// The class file that is carried along is what its source compiles to.
func TestClassIsOfItsSource(t *testing.T) {
	jar := h2test.Jar(t, h2test.Version)
	version, err := exec.Command("javac", "-version").Output()
	if err != nil || !strings.HasPrefix(string(version), "javac 17.") {
		t.Skipf("a Java compiler of version 17 is needed: make setup installs one (found %q)", version)
	}
	dir := t.TempDir()
	out, err := exec.Command("javac", "--release", "8", "-Xlint:-options", "-g:none", "-cp", jar, "-d", dir, "java/Link.java").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := os.ReadFile(filepath.Join(dir, "Link.class"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("Link.class")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("Link.class is not what java/Link.java compiles to (%v): compile it again, as this test does", err)
	}
}

func TestQueries(t *testing.T) {
	c := h2test.Open(t, h2test.Version, "jdbc:h2:"+filepath.Join(t.TempDir(), "db"))
	h2test.Exec(t, c, "CREATE TABLE T(A INT PRIMARY KEY, B VARCHAR)")
	if n, err := c.Exec("INSERT INTO T VALUES(1, 'ä\U0001F600'), (2, NULL)"); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := h2test.Rows(t, c, "SELECT * FROM T ORDER BY A"); strings.Join(got, "") != "\"1\"|\"ä\U0001F600\"|\"2\"|NULL|" {
		t.Errorf("got %q", got)
	}
	var e *link.Error
	if _, err := c.Exec("NONSENSE"); !errors.As(err, &e) || e.Code != 42000 && e.Code != 42001 {
		t.Errorf("got %v", err)
	}
	// An error ends nothing.
	if v, err := c.One("SELECT COUNT(*) FROM T"); v != "2" || err != nil {
		t.Errorf("%s, %v", v, err)
	}
	many := func(yield func(string, error) bool) {
		for i := range 20000 {
			s := "SET @X = 1"
			if i == 15000 {
				s = "INSERT INTO T VALUES(1, 'twice')"
			}
			if !yield(s, nil) {
				return
			}
		}
	}
	var at *link.ScriptError
	if n, err := c.Script(many); n != 15000 || !errors.As(err, &at) || at.Index != 15000 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := c.One("SELECT 1"); err == nil {
		t.Error("the connection goes on after a script that failed")
	}
}

func TestNoJava(t *testing.T) {
	_, err := link.Open(t.Context(), link.Login{Java: "no-java-here", Jar: "x", Folder: t.TempDir(), URL: "jdbc:h2:mem:x"})
	if err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("got %v", err)
	}
}
