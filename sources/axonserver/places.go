package axonserver

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"ivyvault/sources/axonserver/segment"
)

// here returns where a path of the server lies on this machine: by the longest
// entry of the path map that it begins with, else at the same place.
func (c *Config) here(server string) string {
	server = path.Clean(server)
	best, to := -1, server
	for from, local := range c.PathMap {
		if rest, ok := below(path.Clean(from), server); ok && len(path.Clean(from)) > best {
			best, to = len(path.Clean(from)), filepath.Join(local, rest)
		}
	}
	return to
}

// below returns what follows a directory in a path that lies in it.
func below(dir, p string) (string, bool) {
	if dir == p {
		return "", true
	}
	return strings.CutPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

// WrongPlaceError says that a server named a file that does not lie where it
// should: what it answers is of another context, or of another store.
type WrongPlaceError struct {
	Path, Context string
	Want          []string // folders
}

func (e *WrongPlaceError) Error() string {
	if len(e.Want) == 0 {
		return fmt.Sprintf("the server was asked for the context %s and named %s, which lies in no folder of that name: the answer is of another context, and nothing of it was copied", e.Context, e.Path)
	}
	return fmt.Sprintf("the server was asked for the context %s and named %s, which does not lie in %s: the answer is of another context, or 'events', 'snapshots' and 'tiers' don't say where its store is", e.Context, e.Path, strings.Join(e.Want, " or "))
}

// storages are the folders, on the server's side, above those of the contexts.
func (c *Config) storages(kind segment.Kind) []string {
	first := c.Events
	if kind == segment.Snapshots {
		first = c.snapshots()
	}
	var all []string
	for _, s := range append([]string{first}, c.Tiers...) {
		if s != "" {
			all = append(all, path.Clean(s))
		}
	}
	return all
}

// place looks whether a path that the server named lies in the folder of the
// context, and returns where that file is on this machine. Servers resolve
// symbolic links, configurations need not.
func (c *Config) place(kind segment.Kind, name, p string) (string, error) {
	dir := path.Dir(p)
	if path.Base(dir) != name {
		return "", &WrongPlaceError{Path: p, Context: name}
	}
	var want []string
	for _, s := range c.storages(kind) {
		w := path.Join(s, name)
		if w == dir || same(c.here(w), c.here(dir)) {
			return filepath.Join(c.here(dir), path.Base(p)), nil
		}
		want = append(want, w)
	}
	if len(want) > 0 {
		return "", &WrongPlaceError{Path: p, Context: name, Want: want}
	}
	return c.here(p), nil
}

// same reports whether two paths of this machine are one directory.
func same(a, b string) bool {
	x, errx := filepath.EvalSymlinks(a)
	y, erry := filepath.EvalSymlinks(b)
	return errx == nil && erry == nil && x == y
}
