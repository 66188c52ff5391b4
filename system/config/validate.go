package config

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"ivyvault/repo/forget"
	"ivyvault/system/hook"
)

// rules collects what is wrong with what could be decoded.
type rules struct {
	f    *File
	list Problems
}

// at notes a problem at a path, or, where that isn't in the file, above it.
func (r *rules) at(path, format string, args ...any) {
	line := 0
	for p := path; line == 0 && p != ""; p = p[:max(0, strings.LastIndexByte(p, '.'))] {
		line = r.f.lines[p]
	}
	r.list = append(r.list, &Problem{r.f.path, line, path + ": " + fmt.Sprintf(format, args...)})
}

func (r *rules) word(path, what, word string, known []string) {
	if !slices.Contains(known, word) {
		r.at(path, "%s", unknown(what, word, known))
	}
}

func (r *rules) part(path string, p Part) {
	if p == nil {
		r.at(path, "it is empty")
	} else if err := p.Validate(); err != nil {
		r.at(path, "%v", err)
	}
}

func (f *File) validate() Problems {
	r := &rules{f: f}
	if f.Version != 1 {
		r.list = append(r.list, &Problem{f.path, f.lines["version"], "'version: 1' is missing, or another one: this is the only form of the file so far"})
	}
	for _, name := range sorted(f.Systems) {
		r.system("systems."+name, f.Systems[name])
	}
	return r.list
}

func (r *rules) system(at string, s *System) {
	if s.Type == "" {
		r.at(at, "'type' is missing: it is one of %s", strings.Join(engines(), ", "))
	} else {
		r.word(at+".type", "the type", s.Type, engines())
	}
	if s.Mode != "" {
		r.word(at+".mode", "the mode", s.Mode, modes())
	}
	if s.Mode == "cold" && (s.Hooks.Stop == nil || s.Hooks.Start == nil) {
		r.at(at+".mode", "a cold capture needs 'hooks' with 'stop' and 'start'")
	}
	for _, n := range sorted(s.Databases) {
		r.part(at+".databases."+n, s.Databases[n].Part)
	}
	for _, n := range sorted(s.Documents) {
		r.part(at+".documents."+n, s.Documents[n].Part)
	}
	for _, n := range sorted(s.Directories) {
		r.part(at+".directories."+n, s.Directories[n])
	}
	if s.Search != nil {
		r.part(at+".search", s.Search)
	}
	for i := range s.Hooks.Before {
		r.hook(fmt.Sprintf("%s.hooks.before[%d]", at, i), &s.Hooks.Before[i])
	}
	for i := range s.Hooks.After {
		r.hook(fmt.Sprintf("%s.hooks.after[%d]", at, i), &s.Hooks.After[i])
	}
	r.hook(at+".hooks.stop", s.Hooks.Stop)
	r.hook(at+".hooks.start", s.Hooks.Start)
	if _, err := s.Retention.Policy(); err != nil {
		r.at(at+".retention", "%v", err)
	}
}

func (r *rules) hook(at string, h *Hook) {
	if h == nil {
		return
	}
	if err := h.For(at).Check(); err != nil {
		r.at(at, "%v", err)
	}
}

// program looks whether a hook's program is there.
func (r *rules) program(at string, h *Hook) {
	if h == nil || h.Shell {
		return
	}
	if _, err := exec.LookPath(h.Command[0]); err != nil {
		r.at(at, "the program of the hook is not there: %v", err)
	}
}

// For is the hook as it runs, under a name for messages.
func (h *Hook) For(name string) hook.Hook {
	return hook.Hook{Name: name, Argv: h.Command, Shell: h.Shell, Timeout: h.Timeout}
}

// Policy is the retention as 'forget' has it.
func (r *Retention) Policy() (forget.Policy, error) {
	var p forget.Policy
	for _, k := range []struct {
		key, text string
		to        *int
	}{
		{"keep-last", r.Last, &p.Last}, {"keep-hourly", r.Hourly, &p.Hourly}, {"keep-daily", r.Daily, &p.Daily},
		{"keep-weekly", r.Weekly, &p.Weekly}, {"keep-monthly", r.Monthly, &p.Monthly}, {"keep-yearly", r.Yearly, &p.Yearly},
	} {
		switch n, err := strconv.Atoi(k.text); {
		case k.text == "":
		case k.text == "unlimited":
			*k.to = forget.All
		case err != nil || n < 0:
			return p, fmt.Errorf("'%s' is a number, or 'unlimited'", k.key)
		default:
			*k.to = n
		}
	}
	if r.Within != "" {
		d, err := forget.ParseDuration(r.Within)
		if err != nil {
			return p, fmt.Errorf("'keep-within': %w", err)
		}
		p.Within = d
	}
	for _, t := range r.Tags {
		p.Tags = append(p.Tags, strings.Split(t, ","))
	}
	return p, nil
}

// Report is what Check found to be there.
type Report struct {
	File    string   `json:"file"`
	Systems []string `json:"systems"`
	Secrets int      `json:"secrets"` // how many places were asked
}

// Check looks whether what the file names is there: that each secret can be
// had, which is dropped at once, and each directory. What isn't are Problems.
func (f *File) Check(ctx context.Context) (Report, error) {
	r := &rules{f: f}
	for _, s := range f.secrets {
		if _, err := s.value.Reveal(ctx); err != nil {
			r.list = append(r.list, &Problem{f.path, s.line, s.path + ": " + err.Error()})
		}
	}
	exists := func(path, name string) {
		if name == "" {
			return
		}
		if _, err := os.Stat(name); err != nil {
			r.at(path, "%v", err)
		}
	}
	exists("scratch", f.Scratch)
	for _, name := range sorted(f.Systems) {
		s, at := f.Systems[name], "systems."+name
		exists(at+".home", s.Home)
		for i, h := range s.Hooks.Before {
			r.program(fmt.Sprintf("%s.hooks.before[%d]", at, i), &h)
		}
		for i, h := range s.Hooks.After {
			r.program(fmt.Sprintf("%s.hooks.after[%d]", at, i), &h)
		}
		r.program(at+".hooks.stop", s.Hooks.Stop)
		r.program(at+".hooks.start", s.Hooks.Start)
		for _, n := range sorted(s.Directories) {
			exists(at+".directories."+n+".path", s.Directories[n].Path)
		}
		for _, n := range sorted(s.Documents) {
			if d, ok := s.Documents[n].Part.(*Directories); ok {
				exists(at+".documents."+n+".path", d.Path)
			}
		}
	}
	if len(r.list) > 0 {
		return Report{}, r.list.sorted()
	}
	return Report{f.path, sorted(f.Systems), len(f.secrets)}, context.Cause(ctx)
}
