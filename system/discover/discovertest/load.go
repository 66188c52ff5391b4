// Package discovertest tests engines of package discover on installations that
// stand in testdata as txtar archives.
//
// Nouns:
//
//   - A Case is an archive: files by their paths, and before them lines that
//     say paths, type, links, folders and modes. The file "env" is the engine's
//     environment. Files below a folder whose name ends in .jar or .war, with a
//     "!" behind it, are packed into that jar.
//
// Promise: a change of any key or value that an engine doesn't show fails
// Mutate, unless it is listed with a reason.
package discovertest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"ivyvault/system/discover"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Case is one installation, or several.
type Case struct {
	Name  string
	Type  string
	Paths []string
	Home  string // of the engine's user
	files map[string]string
	links map[string]string
	dirs  []string
	shut  []string // may not be read
}

// Cases loads all archives of a folder.
func Cases(t testing.TB, dir string) []*Case {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives in %s: %v", dir, err)
	}
	var list []*Case
	for _, n := range names {
		a, err := txtar.ParseFile(n)
		if err != nil {
			t.Fatal(err)
		}
		c := &Case{Name: strings.TrimSuffix(filepath.Base(n), ".txtar"), files: map[string]string{}, links: map[string]string{}}
		for _, f := range a.Files {
			c.files[f.Name] = string(f.Data)
		}
		for _, line := range strings.Split(string(a.Comment), "\n") {
			word, rest, _ := strings.Cut(line, ": ")
			switch word {
			case "path":
				c.Paths = append(c.Paths, rest)
			case "type":
				c.Type = rest
			case "home":
				c.Home = rest
			case "link":
				from, to, _ := strings.Cut(rest, " -> ")
				c.links[strings.TrimPrefix(from, "/")] = to
			case "dir":
				c.dirs = append(c.dirs, strings.TrimPrefix(rest, "/"))
			case "unreadable":
				c.shut = append(c.shut, strings.TrimPrefix(rest, "/"))
			}
		}
		list = append(list, c)
	}
	return list
}

// Run discovers the installation and returns the proposals and their YAML.
func (c *Case) Run(engines []discover.Engine) ([]*discover.Proposal, string, error) {
	files, err := c.system()
	if err != nil {
		return nil, "", err
	}
	env, err := settings.EnvFile([]byte(c.files["env"]), "engine.env", nil)
	if err != nil {
		return nil, "", err
	}
	list, err := discover.Run(context.Background(), engines, discover.Options{
		Paths: c.Paths, Tree: tree.New(shut{files, c.shut}), Env: env, Type: c.Type,
		UserHome: settings.Setting{Value: c.Home, From: settings.Origin{Kind: settings.Env, Name: "HOME"}},
	})
	if err != nil {
		return nil, "", err
	}
	text, err := discover.YAML(list)
	return list, text, err
}

// system makes the file system of the archive.
func (c *Case) system() (fstest.MapFS, error) {
	files := fstest.MapFS{}
	jars := map[string]map[string]string{}
	for name, text := range c.files {
		if jar, inside, ok := strings.Cut(name, "!/"); ok {
			if jars[jar] == nil {
				jars[jar] = map[string]string{}
			}
			jars[jar][inside] = text
		} else if name != "env" {
			files[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		}
	}
	for jar, inside := range jars {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range slices.Sorted(maps.Keys(inside)) {
			w, err := z.Create(n)
			if err == nil {
				_, err = w.Write([]byte(inside[n]))
			}
			if err != nil {
				return nil, err
			}
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(jar, "/")] = &fstest.MapFile{Data: b.Bytes(), Mode: 0o644}
	}
	for from, to := range c.links {
		files[from] = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
	}
	for _, d := range c.dirs {
		files[d] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
	}
	return files, nil
}

// shut is a file system some of whose files may not be read.
type shut struct {
	fstest.MapFS
	names []string
}

var _ fs.ReadLinkFS = shut{}

func (s shut) Open(name string) (fs.File, error) {
	if slices.Contains(s.names, name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.Open(name)
}

func (s shut) ReadDir(name string) ([]fs.DirEntry, error) {
	if slices.Contains(s.names, name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.ReadDir(name)
}

// With returns a copy in which a file has another text.
func (c *Case) With(file, text string) *Case {
	other := *c
	other.files = map[string]string{}
	for k, v := range c.files {
		other.files[k] = v
	}
	other.files[file] = text
	return &other
}

var errNoValue = errors.New("the line does not hold the value as it is read")

func describe(s settings.Setting) string { return fmt.Sprintf("%s=%q (%s)", s.Key, s.Value, s.From) }

// Files returns the names of the files, sorted.
func (c *Case) Files() []string { return slices.Sorted(maps.Keys(c.files)) }

// Text returns what a file holds.
func (c *Case) Text(file string) string { return c.files[file] }
