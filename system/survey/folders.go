package survey

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Folder is a folder that is captured.
type Folder struct {
	Name    string // of its directory in the snapshot
	Path    string // as it was named
	Real    string // with links followed; Path where nothing is there
	Exclude []string
	Links   []Link // further paths that lead to it
}

// Link is a symbolic link that leads to a folder that is captured.
type Link struct{ Path, To string }

// Proposed are the folders that the installations need.
func (s *Survey) Proposed() (list []Folder) {
	for _, d := range s.Directories {
		f := Folder{Name: d.Name, Path: d.Path.Text}
		for _, x := range d.Exclude {
			f.Exclude = append(f.Exclude, x.Text)
		}
		list = append(list, f)
	}
	return list
}

// Once follows links and keeps each folder once, however many paths lead to it.
// The notes name what was left out for that.
func Once(list []Folder) (out []Folder, notes []string) {
	for _, f := range list {
		f.Real = real(f.Path)
		k := slices.IndexFunc(out, func(o Folder) bool { return same(o.Real, f.Real) })
		if k < 0 {
			if link(f.Path) {
				f.Links = append(f.Links, Link{f.Path, f.Real})
			}
			out = append(out, f)
			continue
		}
		notes = append(notes, fmt.Sprintf("%s (%s) is the same folder as %s (%s): it is captured once", f.Name, f.Path, out[k].Name, out[k].Path))
		if link(f.Path) {
			out[k].Links = append(out[k].Links, Link{f.Path, out[k].Real})
		}
		out[k].Exclude = slices.DeleteFunc(slices.Clone(out[k].Exclude), func(x string) bool { return !slices.Contains(f.Exclude, x) })
	}
	return out, notes
}

// Links adds to the folders the links by which nodes lead to them.
func (s *Survey) Links(list []Folder) {
	for _, n := range s.Found {
		for _, d := range n.Folders {
			if !link(d.Path.Text) {
				continue
			}
			to := real(d.Path.Text)
			for k := range list {
				l := Link{d.Path.Text, list[k].Real}
				if same(list[k].Real, to) && !slices.Contains(list[k].Links, l) {
					list[k].Links = append(list[k].Links, l)
				}
			}
		}
	}
}

// Without leaves a path out of a folder. False means that the whole folder lies
// within the path.
func (f *Folder) Without(name string) bool {
	at := real(name)
	if f.Real == at || within(at, f.Real) {
		return false
	}
	if rest, ok := inside(f.Real, at); ok {
		if x := "/" + rest; !slices.Contains(f.Exclude, x) {
			f.Exclude = append(slices.Clone(f.Exclude), x)
		}
	}
	return true
}

// Covers reports whether one of the folders holds a path.
func Covers(list []Folder, name string) bool {
	at := real(name)
	return slices.ContainsFunc(list, func(f Folder) bool {
		if f.Real == at {
			return true
		}
		rest, ok := inside(f.Real, at)
		return ok && !f.leaves(rest)
	})
}

// leaves reports whether a path below the folder is left out of it.
func (f *Folder) leaves(rest string) bool {
	out := false
	for _, p := range f.Exclude {
		p, back := strings.CutPrefix(p, "!")
		if p, top := strings.CutPrefix(p, "/"); matches(p, rest, top) {
			out = !back
		}
	}
	return out
}

// matches reports whether a pattern fits a path or a folder above it.
func matches(pattern, rest string, top bool) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(rest, "/")
	for i := range have {
		if top && i > 0 {
			return false
		}
		if fits(want, have[i:]) {
			return true
		}
	}
	return false
}

// fits reports whether the names begin with what the pattern's parts say.
func fits(want, have []string) bool {
	for len(want) > 0 {
		if want[0] == "**" {
			for k := range len(have) + 1 {
				if fits(want[1:], have[k:]) {
					return true
				}
			}
			return false
		}
		if len(have) == 0 {
			return false
		}
		if ok, err := path.Match(want[0], have[0]); !ok || err != nil {
			return false
		}
		want, have = want[1:], have[1:]
	}
	return true
}

// inside returns the path within a folder, and whether it lies below it.
func inside(folder, name string) (string, bool) {
	return strings.CutPrefix(name, strings.TrimSuffix(folder, "/")+"/")
}

func within(folder, name string) bool {
	_, ok := inside(folder, name)
	return ok
}

// real follows links as far as something is there.
func real(name string) string {
	if r, err := filepath.EvalSymlinks(name); err == nil {
		return r
	}
	dir, base := filepath.Split(filepath.Clean(name))
	if dir = filepath.Clean(dir); dir == name || base == "" {
		return name
	}
	return filepath.Join(real(dir), base)
}

// same reports whether two paths are one folder, mounted twice or not.
func same(a, b string) bool {
	if a == b {
		return true
	}
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}

func link(name string) bool {
	i, err := os.Lstat(name)
	return err == nil && i.Mode()&os.ModeSymlink != 0
}
