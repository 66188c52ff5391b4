// Package dir captures directories and files of this machine as they are.
//
// Nouns:
//
//   - A root is a path that was asked for. It appears in the snapshot under
//     its absolute path; the directories above it are entries too.
//   - A folder is a directory of the walk; entries are read relative to its
//     descriptor, so that neither the length of a path nor a directory that is
//     renamed or replaced by a link meanwhile leads elsewhere.
//   - A listing is the sorted names of one folder, packed: a million names of
//     common length need about 40 MB.
//
// Promise: what lies below a root comes out in the order of package sources,
// with what can't be read named as a finding and the walk going on. A root
// that is a symbolic link is captured as a link, not followed; a link in the
// path above a root is followed, and appears as a directory. Linux 4.11 or
// newer is needed (statx).
package dir

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"ivyvault/sources"
)

// Options say what is left out. The zero value captures everything.
type Options struct {
	Exclude       []string // patterns, see NewFilter
	IExclude      []string // the same, whatever the case of letters
	ExcludeCaches bool     // the contents of directories with a valid CACHEDIR.TAG
	IfPresent     []string // "NAME" or "NAME:first bytes": contents of directories with such a file
	LargerThan    uint64   // files of more bytes are left out; 0: none is
	OneFileSystem bool     // directories on other file systems than their root are captured empty
	Skip          []Skip   // absolute paths left out with a reason
}

// Skip is an absolute path that is left out wherever the walk meets it, under
// this or another name, with the reason that the user is told.
type Skip struct {
	Path   string
	Reason string // for example "it is the repository"
}

// Source captures some roots. It holds nothing open.
type Source struct {
	roots []string
	opt   Options
	tags  []tag
	match *Filter
}

var _ sources.Source = (*Source)(nil)

// New returns a source for the paths, which are made absolute. Paths below
// another of the paths are folded into it.
func New(paths []string, opt Options) (*Source, error) {
	if len(paths) == 0 {
		return nil, errors.New("no path to capture: name at least one directory or file")
	}
	s := &Source{opt: opt}
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("make %q absolute: %w", p, err)
		}
		s.roots = append(s.roots, abs)
	}
	var err error
	if s.match, err = NewFilter(opt.Exclude, opt.IExclude); err != nil {
		return nil, err
	}
	s.tags, err = newTags(opt)
	return s, err
}

// Paths returns the absolute paths of the roots, in the order given.
func (s *Source) Paths() []string { return s.roots }

// Capture begins a capture. It is an error where none of the roots exists; one
// that is missing beside others is a finding of the walk.
func (s *Source) Capture(ctx context.Context) (sources.Capture, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var first error
	for _, p := range s.roots {
		_, err := os.Lstat(p)
		if err == nil {
			return newCapture(s), nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("nothing to capture: %w", first)
}

// capture is one walk's ground: the skipped things by identity, and the
// folders that stay open for a while after the walk has left them.
type capture struct {
	src    *Source
	roots  *root
	skips  skips
	recent recent
	open   *opener // nil unless contents are opened ahead
}

var (
	_ sources.Capture = (*capture)(nil)
	_ sources.Eager   = (*capture)(nil)
)

func newCapture(s *Source) *capture {
	return &capture{src: s, roots: plant(s.roots), skips: newSkips(s.opt.Skip)}
}

// Entries walks the roots.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		w := &walk{c: c, ctx: ctx, yield: yield}
		w.run()
	}
}

// OpenAhead has the walk open files where it would ask for their attributes.
func (c *capture) OpenAhead() { c.open = newOpener() }

// Close closes what is still open.
func (c *capture) Close(context.Context) error {
	c.open.close()
	c.recent.close()
	return nil
}
