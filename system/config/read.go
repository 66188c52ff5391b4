package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"
)

// maxSize bounds a file, in bytes.
const maxSize = 1 << 20

// Name is the file's usual name.
const Name = "ivyvault.yaml"

// NotFoundError says where no configuration was.
type NotFoundError struct{ Looked []string }

func (e *NotFoundError) Error() string {
	return "there is no configuration: looked for " + strings.Join(e.Looked, ", ") + "; 'ivyvault system discover PATH' proposes one"
}

// Is makes it an fs.ErrNotExist.
func (e *NotFoundError) Is(target error) bool { return target == fs.ErrNotExist }

// Places are where a configuration is looked for, the first that is there
// counts.
func Places() []string {
	list := []string{Name}
	if dir, err := os.UserConfigDir(); err == nil {
		list = append(list, filepath.Join(dir, "ivyvault", Name))
	}
	return append(list, filepath.Join("/etc/ivyvault", Name))
}

// Find returns the path of the configuration; a *NotFoundError where none is.
func Find() (string, error) {
	for _, p := range Places() {
		_, err := os.Stat(p)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("the configuration can't be reached: %w", err)
		}
	}
	return "", &NotFoundError{Places()}
}

// Read reads a file. What is wrong with it are Problems.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration can't be read: %w", err)
	}
	defer f.Close()
	if err := trusted(f); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("the configuration can't be read: %w", err)
	}
	return Parse(path, text)
}

// trusted fails where somebody else could have written the file: it names
// commands that are run. It may well lie in a folder of theirs.
func trusted(f *os.File) error {
	i, err := f.Stat()
	if err != nil {
		return fmt.Errorf("the configuration can't be read: %w", err)
	}
	if s, ok := i.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("the configuration %s belongs to another user, and names commands that would be run: take one of your own, or root's", f.Name())
	}
	if i.Mode().IsRegular() && i.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("the configuration %s can be written by others, and names commands that would be run: 'chmod go-w' it", f.Name())
	}
	return nil
}

// Parse reads the text of a file; path is for messages.
func Parse(path string, text []byte) (*File, error) {
	if len(text) > maxSize {
		return nil, Problems{{File: path, Said: "it is longer than 1 MiB"}}
	}
	d := &decoder{file: path, lines: map[string]int{}}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err == io.EOF {
		return nil, Problems{{File: path, Said: "it is empty"}}
	} else if err != nil {
		return nil, Problems{{File: path, Said: "it is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	if err := dec.Decode(&more); err != io.EOF {
		return nil, Problems{{File: path, Line: more.Line, Said: "it holds a second document; one is read"}}
	}
	f := &File{path: path}
	d.into(reflect.ValueOf(f).Elem(), doc.Content[0], "")
	f.secrets, f.lines = d.secrets, d.lines
	problems := d.problems
	if len(problems) == 0 {
		problems = f.validate()
	}
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	return f, nil
}
