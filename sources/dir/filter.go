package dir

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Filter decides by path what is left out.
//
// A pattern is made of names separated by slashes, in which *, ? and [a-z]
// match as in path.Match; ** stands for any number of names. One that begins
// with a slash is matched from the top of the file system, another wherever
// its names stand together: "*.o", "build/tmp", "/srv/*/cache". What lies
// below a directory that is left out is left out with it. A pattern that
// begins with "!" takes back what an earlier one left out, not below a
// directory that is left out itself. The last pattern that matches decides.
type Filter struct {
	rules []rule
	fold  bool // at least one rule wants lower case
}

type rule struct {
	parts []part
	back  bool // begins with "!"
	fold  bool
}

type part struct {
	text  string
	plain bool // without special characters
	any   bool // **
}

// NewFilter reads patterns: first those that mind the case of letters, then
// those that don't.
func NewFilter(exact, folded []string) (*Filter, error) {
	f := new(Filter)
	for i, list := range [][]string{exact, folded} {
		for _, p := range list {
			r, err := parse(p, i == 1)
			if err != nil {
				return nil, err
			}
			f.rules = append(f.rules, r)
			f.fold = f.fold || r.fold
		}
	}
	return f, nil
}

func parse(pattern string, fold bool) (rule, error) {
	p, back := strings.CutPrefix(pattern, "!")
	if fold {
		p = strings.ToLower(p)
	}
	r := rule{back: back, fold: fold}
	if !strings.HasPrefix(p, "/") {
		r.parts = append(r.parts, part{any: true})
	}
	for _, s := range strings.Split(p, "/") {
		switch s {
		case "", ".":
		case "**":
			r.parts = append(r.parts, part{any: true})
		default:
			if _, err := path.Match(s, "x"); err != nil {
				return rule{}, fmt.Errorf("the pattern %q can't be read: %w", pattern, err)
			}
			r.parts = append(r.parts, part{text: s, plain: !strings.ContainsAny(s, `*?[\`)})
		}
	}
	if !slices.ContainsFunc(r.parts, func(p part) bool { return !p.any }) {
		return rule{}, fmt.Errorf("the pattern %q names nothing: give at least one name", pattern)
	}
	return r, nil
}

// Excludes reports whether the path, which has no leading slash, is left out.
// Paths below one that is left out must not be asked about.
func (f *Filter) Excludes(p string) bool {
	if len(f.rules) == 0 {
		return false
	}
	lower := ""
	if f.fold {
		lower = strings.ToLower(p)
	}
	for i := len(f.rules) - 1; i >= 0; i-- {
		r := &f.rules[i]
		q := p
		if r.fold {
			q = lower
		}
		if match(r.parts, q) {
			return !r.back
		}
	}
	return false
}

// match matches all parts against all names of a path, from the end: most
// patterns differ in the last name already.
func match(parts []part, p string) bool {
	for len(parts) > 0 {
		last := parts[len(parts)-1]
		if last.any {
			rest := parts[:len(parts)-1]
			if len(rest) == 0 {
				return true
			}
			for {
				if match(rest, p) {
					return true
				}
				if p == "" {
					return false
				}
				p = p[:max(0, strings.LastIndexByte(p, '/'))]
			}
		}
		if p == "" {
			return false
		}
		cut := strings.LastIndexByte(p, '/')
		name := p[cut+1:]
		if last.plain {
			if name != last.text {
				return false
			}
		} else if ok, _ := path.Match(last.text, name); !ok {
			return false
		}
		parts, p = parts[:len(parts)-1], p[:max(0, cut)]
	}
	return p == ""
}

// ReadPatterns reads a file of patterns, one a line. Blank lines and those
// that begin with "#" are no patterns; $NAME and ${NAME} are replaced by what
// expand returns for NAME, and $$ stands for a dollar sign.
func ReadPatterns(r io.Reader, expand func(name string) string) ([]string, error) {
	var out []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		out = append(out, expandVars(line, expand))
	}
	return out, lines.Err()
}
