// Package folder captures one directory as the tree of a part: what is in it
// comes at the top, under names that don't depend on where the directory lies,
// so that it can go back anywhere.
//
// Promise: as in package dir, which does the walking. A symbolic link at the
// path itself is followed.
package folder

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/dir"
)

// Source is one directory, or one file, which then comes under its own name.
type Source struct {
	path   string
	self   string // where it is, as entries' paths
	strip  string // of entries' paths
	walker *dir.Source
}

var _ sources.Source = (*Source)(nil)

// New captures the directory or file at the path. Patterns of opt that begin
// with a slash match from that directory. It is an error where nothing is there.
func New(path string, opt dir.Options) (*Source, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, fmt.Errorf("what is to be captured is not there: %w", err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil, err
	}
	s := &Source{path: abs, self: strings.Trim(real, "/"), strip: strings.Trim(real, "/")}
	if !info.IsDir() {
		s.strip = strings.Trim(filepath.Dir(real), "/")
	}
	opt.Exclude, opt.IExclude = anchor(opt.Exclude, real), anchor(opt.IExclude, real)
	s.walker, err = dir.New([]string{real}, opt)
	return s, err
}

// anchor puts the directory in front of the patterns that begin at its top.
func anchor(patterns []string, root string) []string {
	var out []string
	for _, p := range patterns {
		not, rest := "", p
		if strings.HasPrefix(rest, "!") {
			not, rest = "!", rest[1:]
		}
		if strings.HasPrefix(rest, "/") {
			rest = strings.TrimSuffix(root, "/") + rest
		}
		out = append(out, not+rest)
	}
	return out
}

// Path returns the absolute path that is captured.
func (s *Source) Path() string { return s.path }

// Capture begins a walk.
func (s *Source) Capture(ctx context.Context) (sources.Capture, error) {
	c, err := s.walker.Capture(ctx)
	if err != nil {
		return nil, err
	}
	return &capture{Capture: c, path: s.path, self: s.self, strip: s.strip}, nil
}

type capture struct {
	sources.Capture
	path   string // that was asked for
	self   string // where it is, as entries' paths
	strip  string
	attr   sources.Attr
	xattrs []sources.Xattr
	there  bool
}

var (
	_ sources.Capture = (*capture)(nil)
	_ sources.Rooted  = (*capture)(nil)
)

// Root returns the directory's own attributes.
func (c *capture) Root() (sources.Attr, []sources.Xattr, bool) { return c.attr, c.xattrs, c.there }

// Entries walks what is in the directory.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		for e, err := range c.Capture.Entries(ctx) {
			rest, below := c.below(e.Path)
			var left *sources.Notice
			switch {
			case errors.As(err, &left) && c.holds(left.Path):
				// What may be left out of a folder is not the folder itself.
				yield(sources.Entry{}, fmt.Errorf("nothing of %s can be captured: %s", c.path, left.What))
				return
			case below:
				e.Path = rest
			case e.Path == "" && err != nil: // the walk has ended
			case err != nil:
				// What can't be said of a path above is said of the top.
				e.Path = ""
			case e.Path == c.strip:
				c.attr, c.there = e.Attr, true
				c.xattrs, err = e.Xattrs()
				if err == nil {
					continue
				}
				err = &sources.Finding{What: "read the attributes", Err: err}
				e = sources.Entry{}
			default:
				continue
			}
			if !yield(e, c.local(err)) {
				return
			}
		}
	}
}

func (c *capture) below(path string) (string, bool) {
	if c.strip == "" {
		return path, path != ""
	}
	return strings.CutPrefix(path, c.strip+"/")
}

// holds tells whether a path is what is captured itself, or above it.
func (c *capture) holds(path string) bool {
	return path != "" && (path == c.self || strings.HasPrefix(c.self, path+"/"))
}

// local gives the paths in findings and notices the form of the entries'.
func (c *capture) local(err error) error {
	switch e := err.(type) {
	case *sources.Finding:
		rest, _ := c.below(e.Path)
		return &sources.Finding{Path: rest, What: e.What, Err: e.Err}
	case *sources.Notice:
		rest, _ := c.below(e.Path)
		return &sources.Notice{Path: rest, What: e.What, Err: e.Err}
	}
	return err
}
