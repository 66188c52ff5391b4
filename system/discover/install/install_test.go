package install

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"testing/fstest"

	"ivyvault/system/discover/tree"
)

func files(m map[string]string) *tree.Tree {
	fsys := fstest.MapFS{}
	for k, v := range m {
		fsys[k] = &fstest.MapFile{Data: []byte(v)}
	}
	return tree.New(fsys)
}

func TestLicence(t *testing.T) {
	clear := "product=Axon\nexpiry_date=2027-01-31\nlicensee=ACME\n"
	for name, c := range map[string]struct{ text, expires, holder string }{
		"properties":         {clear, "2027-01-31", "ACME"},
		"base64":             {"-----BEGIN LICENSE-----\n" + base64.StdEncoding.EncodeToString([]byte(clear)) + "\n-----END LICENSE-----\n", "2027-01-31", "ACME"},
		"json":               {`{"license":{"validUntil":"2026-12-01T00:00:00Z","holder":"B"}}`, "2026-12-01", "B"},
		"xml elements":       {"<licence>\n<licensee>C</licensee>\n<valid-until>01.02.2028</valid-until></licence>", "2028-02-01", "C"},
		"xml attributes":     {`<licence expirationDate="2028/02/01" holder="D"/>`, "2028-02-01", "D"},
		"the earlier counts": {"expiry=2028-01-01\nmaintenance.expiry=2027-01-01\n", "2027-01-01", ""},
		"milliseconds":       {"expires=1798761600000\n", "2027-01-01", ""},
		"sealed":             {"c2VhbGVkIGJ5dGVz", "", ""},
		"empty":              {"", "", ""},
		"no date":            {"expires=never\n", "", ""},
	} {
		l := ReadLicence(files(map[string]string{"x.lic": c.text}), "/x.lic")
		if l.Expires != c.expires || l.Holder != c.holder || l.Problem != "" {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if l := ReadLicence(files(nil), "/x.lic"); l.Problem == "" {
		t.Error("a missing licence is no problem")
	}
}

func TestJarsAndJava(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"BOOT-INF/lib/flowable-engine-7.2.0.jar": "", "BOOT-INF/classes/application.yml": "a: b"} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	tr := files(map[string]string{"app.jar": b.String(), "bad.jar": "PK\x03\x04 no", "jre/release": "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"21.0.2\"\n"})
	j, err := OpenJar(tr, "/app.jar")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if text, err := j.Read("BOOT-INF/classes/application.yml"); err != nil || string(text) != "a: b" {
		t.Errorf("%q %v", text, err)
	}
	if _, err := j.Read("none"); err == nil || !strings.Contains(err.Error(), "/app.jar!/none") {
		t.Error(err)
	}
	for _, n := range []string{"/bad.jar", "/none.jar"} {
		if _, err := OpenJar(tr, n); err == nil {
			t.Errorf("%s was opened", n)
		}
	}
	if s, ok := JavaRelease(tr, "/jre"); !ok || s.Value != "21.0.2" || s.From.Line != 2 {
		t.Error(s, ok)
	}
	if _, ok := JavaRelease(tr, "/none"); ok {
		t.Error("Java is nowhere")
	}
	for name, want := range map[string]string{"lib/flowable-engine-7.2.0.jar": "7.2.0", "flowable-engine-common-7.2.0.jar": "", "flowable-engine-6.8.1-SNAPSHOT.jar": "6.8.1-SNAPSHOT"} {
		if v, _ := Version("flowable-engine", []string{name}); v != want {
			t.Errorf("%s: %q", name, v)
		}
	}
	if v, _ := Version("axonserver", []string{"axonserver-4.6.12-exec.jar"}); v != "4.6.12" {
		t.Error(v)
	}
}
