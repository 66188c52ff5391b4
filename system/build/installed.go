package build

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ivyvault/repo/backup"
	"ivyvault/sources"
	"ivyvault/sources/dir"
	"ivyvault/system"
	"ivyvault/system/config"
	"ivyvault/system/discover"
	"ivyvault/system/hook"
	"ivyvault/system/probe"
	"ivyvault/system/survey"
)

// installed is what engines share that are installed in a folder: it is read
// when the plan is made, so that the plan says what it is and what is lacking.
type installed struct {
	b       *builder
	engine  discover.Engine
	survey  *survey.Survey // nil where the installation could not be read
	folders []survey.Folder
	stores  []survey.Folder // documents that lie in folders
	probe   *probe.Engine
}

// product is what the engines differ in.
type product struct {
	engine discover.Engine
	health func(base string) string
	answer probe.Answer
}

// installed reads the installation and takes over what it says.
func (b *builder) installed(ctx context.Context, p product) (*installed, error) {
	i := &installed{b: b, engine: p.engine, probe: &probe.Engine{Answer: p.answer}}
	if err := i.look(ctx); err != nil {
		return nil, err
	}
	bases := []string{b.s.URL}
	if len(b.s.Nodes) > 0 {
		bases = nil
		for _, n := range names(b.s.Nodes) {
			bases = append(bases, b.s.Nodes[n].URL)
		}
	} else if b.s.URL == "" && i.survey != nil {
		bases[0] = i.survey.URL.Text
	}
	for _, u := range bases {
		if u != "" && !slices.Contains(i.probe.URLs, p.health(u)) {
			i.probe.URLs = append(i.probe.URLs, p.health(u))
		}
	}
	i.collect()
	i.running()
	return i, nil
}

// look reads the homes.
func (i *installed) look(ctx context.Context) (err error) {
	homes := map[string]string{}
	for _, n := range names(i.b.s.Nodes) {
		if h := i.b.s.Nodes[n].Home; h != "" {
			homes[n] = h
			i.probe.Homes = append(i.probe.Homes, h)
		}
	}
	if len(homes) == 0 && i.b.s.Home != "" {
		i.probe.Homes = []string{i.b.s.Home}
	}
	if len(i.probe.Homes) == 0 {
		i.lacks("the section names no 'home': whether it covers all of the installation isn't known, nor versions, licences and keystores")
		return nil
	}
	i.survey, err = survey.Look(ctx, i.engine, i.b.s.Home, homes)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		i.lacks("THE INSTALLATION COULD NOT BE READ, so whether the section covers all of it isn't known: " + err.Error())
		return nil
	}
	p := i.b.plan
	p.Version, p.Java = i.survey.Version.Text, i.survey.Java.Text
	p.Notes = append(p.Notes, i.survey.LicenceNotes(time.Now())...)
	return nil
}

func (i *installed) lacks(text string) { i.b.plan.Uncovered = append(i.b.plan.Uncovered, text) }
func (i *installed) note(format string, args ...any) {
	i.b.plan.Notes = append(i.b.plan.Notes, fmt.Sprintf(format, args...))
}

// collect settles the folders: those of the section, or, where it names none,
// those that the installation needs.
func (i *installed) collect() {
	var list []survey.Folder
	for _, name := range names(i.b.s.Directories) {
		d := i.b.s.Directories[name]
		list = append(list, survey.Folder{Name: name, Path: d.Path, Exclude: d.Exclude})
	}
	if len(list) == 0 && i.survey != nil {
		list = i.survey.Proposed()
		i.note("the section names no 'directories': those that were found in the installation are captured")
	}
	var notes []string
	i.folders, notes = survey.Once(list)
	i.b.plan.Notes = append(i.b.plan.Notes, notes...)
	for _, name := range names(i.b.s.Documents) {
		if d, ok := i.b.s.Documents[name].Part.(*config.Directories); ok {
			one, _ := survey.Once([]survey.Folder{{Name: name, Path: d.Path, Exclude: d.Exclude}})
			i.stores = append(i.stores, one...)
		}
	}
	if i.survey != nil {
		i.survey.Links(i.folders)
	}
}

// leave leaves a path out of all folders, for a reason.
func (i *installed) leave(path, why string) {
	for _, list := range []*[]survey.Folder{&i.folders, &i.stores} {
		*list = slices.DeleteFunc(*list, func(f survey.Folder) bool {
			if f.Without(path) {
				return false
			}
			i.lacks(fmt.Sprintf("%s is not captured: %s", f.Path, why))
			return true
		})
		for k := range *list {
			(*list)[k].Without(path)
		}
	}
}

// held are all folders that are captured.
func (i *installed) held() []survey.Folder { return slices.Concat(i.folders, i.stores) }

// documents are the stores of documents as parts, but for folders of which
// everything is to be left out.
func (i *installed) documents() (out []system.Part) {
	for _, p := range i.b.documents() {
		if _, folder := p.Source.(late); folder {
			k := slices.IndexFunc(i.stores, func(f survey.Folder) bool { return documentsDir+"/"+f.Name == p.Path })
			if k < 0 {
				continue
			}
			p.Source = i.part(i.stores[k]).Source
		}
		out = append(out, p)
	}
	return out
}

// parts are the folders as parts.
func (i *installed) parts() (out []system.Part) {
	for _, f := range i.folders {
		out = append(out, i.part(f))
	}
	return out
}

func (i *installed) part(f survey.Folder) system.Part {
	return system.Part{Path: directoriesDir + "/" + f.Name, Kind: FolderKind, What: f.Path, Source: late{f.Real, dir.Options{Exclude: f.Exclude, Skip: i.b.env.Skip}}}
}

// compare names what is lacking, in the plan, and has the keystores looked at
// with every capture.
func (i *installed) compare() {
	if i.survey == nil {
		return
	}
	i.b.plan.Uncovered = append(i.b.plan.Uncovered, i.survey.Lacking(i.b.s, i.held())...)
}

// again reads the installation once more, after the capture.
func (i *installed) again(ctx context.Context) (*survey.Survey, error) {
	homes := map[string]string{}
	for _, n := range names(i.b.s.Nodes) {
		if h := i.b.s.Nodes[n].Home; h != "" {
			homes[n] = h
		}
	}
	return survey.Look(ctx, i.engine, i.b.s.Home, homes)
}

// patience is how long an engine may take to end or to come up, where its hook
// says nothing else.
const patience = 5 * time.Minute

// running has the engine looked at, before and after, and in a cold capture
// whether it has really stopped.
func (i *installed) running() {
	if len(i.probe.URLs) > 0 {
		i.b.plan.Checks = append(i.b.plan.Checks, system.Check{Name: "the engine's health", Look: i.probe.Health})
	} else {
		i.note("no 'url' is known, so the engine isn't asked whether it is well")
	}
	if i.b.plan.Mode != sources.Cold {
		return
	}
	i.b.plan.Stopped = func(ctx context.Context) error { return i.probe.Stopped(ctx, limit(i.b.plan.Stop)) }
	if len(i.probe.URLs) > 0 {
		i.b.plan.Started = func(ctx context.Context) error { return i.probe.Started(ctx, limit(i.b.plan.Start)) }
	}
}

func limit(h *hook.Hook) time.Duration {
	if h == nil || h.Timeout == 0 {
		return patience
	}
	return h.Timeout
}

// began is when the first part was begun.
func began(parts []backup.Outcome) (t time.Time) {
	for _, p := range parts {
		if t.IsZero() || p.Began.Before(t) {
			t = p.Began
		}
	}
	return t
}
