package build

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ivyvault/system"
	"ivyvault/system/hook"
	"ivyvault/system/survey"
)

// The roles that folders have in the order of a restore.
const (
	programRole = iota
	applicationsRole
	configurationRole
	otherRole
	dataRole
)

// role is what a folder is for, by its name, which may begin with a node's.
func role(name string) int {
	for suffix, r := range map[string]int{"program": programRole, "applications": applicationsRole, "configuration": configurationRole, "data": dataRole} {
		if name == suffix || strings.HasSuffix(name, "-"+suffix) {
			return r
		}
	}
	return otherRole
}

// ivySteps write down the vendor's order: versions, database, applications,
// configuration, data; then what follows from them.
func (i *installed) ivySteps(files, search []system.Part, bundled bool) {
	b := i.b
	b.plan.Restore = append(b.plan.Restore, i.versionStep(), i.emptyStep(files, i.documents()))
	b.steps(i.inRole(files, programRole), b.databases())
	for _, r := range []int{applicationsRole, configurationRole, otherRole} {
		for _, p := range i.inRole(files, r) {
			b.plan.Restore = append(b.plan.Restore, i.folderStep(p))
		}
	}
	b.steps(i.documents())
	for _, p := range i.inRole(files, dataRole) {
		b.plan.Restore = append(b.plan.Restore, i.folderStep(p))
	}
	if !bundled {
		b.steps(search)
	}
	start := i.startStep(`curl -fsS --retry 60 --retry-delay 5 --retry-all-errors %s`)
	start.Why = append(start.Why, "An engine whose system database has another version than itself starts in maintenance mode only.")
	b.plan.Restore = append(b.plan.Restore, start)
	switch {
	case bundled && len(search) > 0 && search[0].Path == searchPath:
		s := b.step(search[0])
		s.Why = append([]string{"The search server comes with the engine and runs now. The engine makes the indices again by itself; this puts back what they were, with what projects keep in them only."}, s.Why...)
		for k := range s.Do {
			s.Do[k] = strings.Replace(s.Do[k], " --to original", " --replace --to original", 1)
		}
		b.plan.Restore = append(b.plan.Restore, s)
	case len(search) == 0:
		b.plan.Restore = append(b.plan.Restore, system.Step{Title: "have the indices made again", Why: []string{"The indices are not in this snapshot. The engine makes them again when it starts; where it does not, its cockpit does, below Search Engine."}})
	}
}

func (i *installed) inRole(files []system.Part, r int) (out []system.Part) {
	for _, p := range files {
		if role(filepath.Base(p.Path)) == r {
			out = append(out, p)
		}
	}
	return out
}

// versionStep has the versions compared before anything else.
func (i *installed) versionStep() system.Step {
	s := system.Step{Title: "verify the versions", Why: []string{"Nothing else may be done before these agree: an engine of another version can't use this database."}}
	if i.survey == nil {
		s.Why = append(s.Why, "Which versions the engine and its Java had isn't known: the installation could not be read.")
		return s
	}
	s.Why = append(s.Why, fmt.Sprintf("The engine was version %s, on Java %s. A command that prints nothing and fails means that another one is installed.", orUnknown(i.survey.Version.Text), orUnknown(i.survey.Java.Text)))
	for _, n := range i.survey.Found {
		if v := n.Version; v.Text != "" {
			if at, isFile := versionFile(n.Home, v.From); isFile {
				s.Do = append(s.Do, fmt.Sprintf("grep -F %s %s", hook.Quote(v.Text), hook.Quote(at)))
			} else if strings.HasPrefix(v.From, "system/plugins/") {
				s.Do = append(s.Do, fmt.Sprintf("ls -d %s*", hook.Quote(filepath.Join(n.Home, "system/plugins/ch.ivyteam.util_"+v.Text+"."))))
			}
		}
		if name, ok := releaseFile(n.Java.From); ok && n.Java.Text != "" {
			s.Do = append(s.Do, fmt.Sprintf("grep -F %s %s", hook.Quote(`JAVA_VERSION="`+n.Java.Text+`"`), hook.Quote(abs(n.Home, name))))
		}
	}
	return s
}

func orUnknown(s string) string {
	if s == "" {
		return "(not known)"
	}
	return s
}

// versionFile is the file that says an engine's version in its text.
func versionFile(home, from string) (string, bool) {
	for _, name := range []string{"updates/product.txt", "bin/version.txt"} {
		if strings.HasPrefix(from, name+":") {
			return filepath.Join(home, name), true
		}
	}
	return "", false
}

// releaseFile is the file in which a Java says its version: "jre/release:2".
func releaseFile(from string) (string, bool) {
	name, _, ok := strings.Cut(from, ":")
	return name, ok && filepath.Base(name) == "release"
}

func abs(home, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(home, name)
}

// emptyStep moves away what a new installation brings along: nothing is put
// over what lives, and nothing is deleted.
func (i *installed) emptyStep(parts ...[]system.Part) system.Step {
	s := system.Step{Title: "stop the engine and move aside what is in the way", Why: []string{
		"No node may run until all is back. A new installation brings folders of its own; they are kept beside the restored ones, and can be removed at the end. Where a folder is a mount point, empty it instead."}}
	if h := i.b.plan.Stop; h != nil {
		s.Do = append(s.Do, h.String()+" || true")
	}
	for _, p := range slices.Concat(parts...) {
		if l, ok := p.Source.(late); ok {
			at, aside := hook.Quote(l.path), hook.Quote(l.path+".before-restore")
			s.Do = append(s.Do, fmt.Sprintf("[ ! -e %s ] || mv -T %s %s", at, at, aside))
		}
	}
	return s
}

// folderStep puts back a folder, what the product ships in it and no snapshot
// has, and the links by which nodes share it.
func (i *installed) folderStep(p system.Part) system.Step {
	s := i.b.step(p)
	k := slices.IndexFunc(i.folders, func(f survey.Folder) bool { return directoriesDir+"/"+f.Name == p.Path })
	if k < 0 {
		return s
	}
	f := i.folders[k]
	if role(f.Name) == configurationRole {
		for _, x := range f.Exclude {
			if !strings.HasPrefix(x, "/") || strings.ContainsAny(x, "*?[") {
				continue
			}
			from := hook.Quote(f.Real + ".before-restore" + x)
			s.Do = append(s.Do, fmt.Sprintf("[ ! -e %s ] || cp -a %s %s", from, from, hook.Quote(f.Real+x)))
		}
	}
	for _, l := range f.Links {
		s.Do = append(s.Do, fmt.Sprintf("mkdir -p %s && { [ -e %s ] || ln -s %s %s; }", hook.Quote(filepath.Dir(l.Path)), hook.Quote(l.Path), hook.Quote(l.To), hook.Quote(l.Path)))
	}
	return s
}

// startStep starts the engine and asks whether it is well; the command has %s
// in the place of the URL.
func (i *installed) startStep(command string) system.Step {
	s := system.Step{Title: "start the engine and ask whether it is well"}
	if h := i.b.plan.Start; h != nil {
		s.Do = append(s.Do, h.String())
	} else {
		s.Why = append(s.Why, "Start all nodes; the section has no hook for it. The command below waits until they answer.")
	}
	for _, u := range i.probe.URLs {
		s.Do = append(s.Do, fmt.Sprintf(command, hook.Quote(u)))
	}
	return s
}
