package h2

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources/h2/h2test"
	"ivyvault/sources/scratch"
)

func TestPlace(t *testing.T) {
	c := Config{Base: "/srv/is", Home: "/home/flow"}
	for url, want := range map[string]place{
		"jdbc:h2:./repository/database/X;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000": {path: "/srv/is/repository/database/X"},
		"jdbc:h2:repository/X":                              {path: "/srv/is/repository/X"},
		"jdbc:h2:~/flowable-db/ossdb;AUTO_SERVER=TRUE":      {path: "/home/flow/flowable-db/ossdb", autoServer: true},
		"jdbc:h2:file:/data/x;cipher=AES;INIT=DROP TABLE A": {path: "/data/x", settings: ";CIPHER=AES"},
		"jdbc:h2:file:///data/x":                            {path: "/data/x"},
		"jdbc:h2:nio:/data/x":                               {path: "/data/x"},
		"jdbc:h2:tcp://db:9092/~/x;IFEXISTS=TRUE":           {server: "tcp://db:9092", path: "~/x"},
		"jdbc:h2:ssl://db//data/x":                          {server: "ssl://db", path: "/data/x"},
	} {
		c.URL = url
		if got, err := c.place(); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", url, got, err, want)
		}
	}
	for url, want := range map[string]string{
		"jdbc:postgresql://x":       "jdbc:h2:",
		"jdbc:h2:mem:x":             "memory",
		"jdbc:h2:zip:/a.zip!/x":     "kind",
		"jdbc:h2:tcp://":            "tcp://host",
		"jdbc:h2:":                  "no database",
		"jdbc:h2:/x;PASSWORD=hush":  "'password:'",
		"jdbc:h2:/x;MV_STORE=FALSE": "page store",
	} {
		c.URL = url
		if _, err := c.place(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

func TestValidate(t *testing.T) {
	c := Config{URL: "jdbc:h2:./x", Restore: "magic", Exchange: Exchange{Server: "/x"}}
	err := c.Validate()
	for _, want := range []string{"base:", "user:", "jar:", "exchange:", "restore:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in %v", want, err)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for v, want := range map[string]int{"1.4.200": 1, "2.0.206": 2, "2.1.214": 2, "2.2.220": 3, "2.3.232": 3, "2.4.240": 3, "3.0.0": 0, "": 0, "x.y": 0} {
		if got := formatOf(v); got != want {
			t.Errorf("%q: %d, want %d", v, got, want)
		}
	}
}

func TestProperties(t *testing.T) {
	got := properties([]byte("#FileLock\n#Sat Nov 21\nserver=127.0.1.1\\:9091\nid=1a\\=b\nmethod=file\n"))
	if got["server"] != "127.0.1.1:9091" || got["id"] != "1a=b" || len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

// An engine's jar is found as a bundle, and within a Spring Boot archive.
func TestJarIsFound(t *testing.T) {
	plain, err := os.ReadFile(h2test.Jar(t, h2test.Version))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	bundle := filepath.Join(root, "plugins", "com.h2database.h2_2.3.232.jar")
	if err := os.MkdirAll(filepath.Dir(bundle), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bundle, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	boot := t.TempDir()
	box(t, filepath.Join(boot, "app.jar"), "BOOT-INF/lib/h2-2.3.232.jar", plain)
	dir, err := scratch.New(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, in := range []string{root, boot} {
		p := New(Config{Installation: in}, Env{})
		if j, err := p.findJar(3, "x", dir); err != nil || j.version != "2.3.232" {
			t.Errorf("%s: %v, %v", in, j, err)
		}
		if _, err := p.findJar(1, "x", dir); err == nil || !strings.Contains(err.Error(), "written by H2 1.4") {
			t.Errorf("%s for a file of 1.4: %v", in, err)
		}
	}
	if _, err := New(Config{Installation: t.TempDir()}, Env{}).findJar(3, "x", dir); err == nil {
		t.Error("a jar is found where there is none")
	}
}
