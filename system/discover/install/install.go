// Package install reads what lies in an installation beside its configuration:
// the Java runtime's release file, licences, and the names within jars.
//
// Promise: nothing is unpacked or executed; what can't be read gives an error
// with a sentence, and of licences nothing but dates and names is returned.
package install

import (
	"archive/zip"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// JavaRelease returns the version in the file "release" of a Java runtime.
func JavaRelease(t *tree.Tree, java string) (settings.Setting, bool) {
	name := path.Join(java, "release")
	data, err := t.Read(name)
	if err != nil {
		return settings.Setting{}, false
	}
	docs, _ := settings.Properties(data, name)
	for _, s := range docs[0] {
		if s.Key == "JAVA_VERSION" {
			s.Value = strings.Trim(s.Value, `"`)
			return s, s.Value != ""
		}
	}
	return settings.Setting{}, false
}

// Jar is an opened jar or war. The caller closes it.
type Jar struct {
	Path string
	*zip.Reader
	io.Closer
}

// mostEntries bounds the list of a jar: the list lies in memory.
const mostEntries = 100000

// OpenJar opens a jar or war.
func OpenJar(t *tree.Tree, name string) (*Jar, error) {
	f, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	at, ok := f.(io.ReaderAt)
	if err != nil || !ok {
		f.Close()
		return nil, &tree.Error{Path: name, Said: "can't be read from any place in it, so it was not looked into", Err: err}
	}
	r, err := zip.NewReader(at, info.Size())
	if err != nil {
		f.Close()
		return nil, &tree.Error{Path: name, Said: "is no valid jar: " + err.Error(), Err: err}
	}
	if len(r.File) > mostEntries {
		f.Close()
		return nil, &tree.Error{Path: name, Said: fmt.Sprintf("holds more than %d files: it was not looked into", mostEntries)}
	}
	return &Jar{name, r, f}, nil
}

// Read returns a file of a jar, at most tree.Most bytes of it.
func (j *Jar) Read(name string) ([]byte, error) {
	f, err := j.Open(name)
	if err != nil {
		return nil, &tree.Error{Path: j.Path + "!/" + name, Said: "can't be read: " + err.Error(), Err: err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, tree.Most+1))
	if err == nil && len(b) > tree.Most {
		err = fmt.Errorf("it is longer than %d MiB", tree.Most>>20)
	}
	if err != nil {
		return nil, &tree.Error{Path: j.Path + "!/" + name, Said: "can't be read: " + err.Error(), Err: err}
	}
	return b, nil
}

// Version returns the version in the name of a jar "NAME-1.2.3.jar", for the
// first of names that is the name of a jar whose name without version is stem.
func Version(stem string, names []string) (version, name string) {
	form := regexp.MustCompile(`(?:^|/)` + regexp.QuoteMeta(stem) + `[-_](\d[0-9A-Za-z.+_-]*?)(?:-exec|-boot)?\.[jw]ar$`)
	for _, n := range names {
		if m := form.FindStringSubmatch(n); m != nil {
			return m[1], n
		}
	}
	return "", ""
}
