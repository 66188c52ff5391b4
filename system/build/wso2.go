package build

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ivyvault/repo/backup"
	"ivyvault/sources"
	"ivyvault/sources/h2"
	"ivyvault/system"
	discovered "ivyvault/system/discover/wso2"
	"ivyvault/system/hook"
	"ivyvault/system/survey"
	"ivyvault/system/wso2"
)

// wso2is captures WSO2 Identity Server, or MWARE IAM: the databases and then
// the artifacts; or, once, the whole instance.
func wso2is(ctx context.Context, b *builder) error {
	i, err := b.installed(ctx, product{discovered.Engine{}, wso2.HealthURL, wso2.Answer})
	if err != nil {
		return err
	}
	b.plan.Product = "WSO2 Identity Server (MWARE IAM)"
	databases := i.wso2Databases()
	i.wso2Folders()
	if b.env.Instance {
		i.instance()
	}
	i.compare()
	if i.survey != nil {
		for _, a := range i.survey.Ask {
			if strings.Contains(a, "under databases") { // declared, and no section could be proposed
				i.lacks("A DATABASE MAY NOT BE COVERED: " + a)
			}
		}
	}
	if b.plan.Mode == sources.Cold {
		b.stage("everything", "the server is stopped: nothing changes, so the order does not matter", databases, b.search(), i.documents(), i.parts())
	} else {
		b.stage("databases", "first: what a row names was there before it and is still there when the files are captured", databases)
		b.stage("search", "after the databases, which it follows", b.search())
		b.stage("artifacts", "last: artifacts, tenants, configuration and keystores; what was added meanwhile does no harm", i.documents(), i.parts())
	}
	i.wso2Keys()
	i.wso2Rules()
	i.wso2Steps(databases)
	return nil
}

// wso2Databases are the databases of the section, but for those that can't be
// captured while the server runs.
func (i *installed) wso2Databases() (out []system.Part) {
	for _, p := range i.b.databases() {
		c, ok := i.b.s.Databases[strings.TrimPrefix(p.Path, databasesDir+"/")].Part.(*h2.Config)
		if !ok || i.b.plan.Mode == sources.Cold || !wso2.Embedded(c) {
			out = append(out, p)
			continue
		}
		if wso2.Registry(c) {
			i.lacks(fmt.Sprintf("%s, the local registry (H2), is left out: the server locks its file while it runs. Each node has one of its own, and a new installation brings one; 'mode: cold' captures it", p.What))
			continue
		}
		i.note("%s is an H2 file that the server locks: its capture is refused while the server runs, and then makes the snapshot incomplete. The product's makers advise against H2 in production; 'mode: cold' captures it", p.What)
		out = append(out, p)
	}
	return out
}

// wso2Folders leaves out what must not be copied: logs and temporary files, and
// files of databases in use, which parts of their own capture.
func (i *installed) wso2Folders() {
	for _, home := range i.probe.Homes {
		for _, name := range []string{"repository/logs", "repository/tmp", "logs", "tmp"} {
			i.leave(filepath.Join(home, name), "logs and temporary files are left out by the product's own rule; --instance has them")
		}
		i.leaveH2(home)
	}
}

// leaveH2 leaves files of H2 out of all folders: those that parts of their own
// capture, and, while the server runs, all.
func (i *installed) leaveH2(home string) {
	var files []string
	for _, name := range names(i.b.s.Databases) {
		if c, ok := i.b.s.Databases[name].Part.(*h2.Config); ok && survey.FileOf(c) != "" {
			files = append(files, survey.FileOf(c))
		}
	}
	if i.b.plan.Mode != sources.Cold {
		for _, ending := range []string{"*.mv.db", "*.trace.db", "*.lock.db"} {
			files = append(files, filepath.Join(home, "repository/database", ending))
		}
	}
	for _, f := range files {
		i.leave(f, "a file of H2 is captured as a database, or not at all while the server runs")
	}
}

// instance captures the whole server directory, in the place of the folders
// that lie in it. It is done once, when the server is ready for production.
func (i *installed) instance() {
	b := i.b
	b.plan.Protect, b.plan.Tags = true, append(slices.Clone(b.plan.Tags), "instance")
	i.note("the whole server directory is captured, logs and temporary files too; the snapshot is protected and tagged 'instance'")
	list := names(b.s.Nodes)
	for k, home := range i.probe.Homes {
		name := "instance"
		if k < len(list) {
			name = list[k] + "-instance"
		}
		f, _ := survey.Once([]survey.Folder{{Name: name, Path: home}})
		i.folders = slices.DeleteFunc(i.folders, func(o survey.Folder) bool { return survey.Covers(f, o.Real) })
		i.folders = append(i.folders, f...)
		i.leaveH2(home)
	}
}

// wso2Keys makes a capture incomplete that lacks a keystore: what the server has
// encrypted in its databases could not be read again.
func (i *installed) wso2Keys() {
	if i.survey == nil {
		return
	}
	i.b.plan.Compare = append(i.b.plan.Compare, system.Compare{Name: "keystores", Look: func(ctx context.Context, _ []backup.Outcome) (wrong, remarks []string, err error) {
		now, err := i.again(ctx)
		if err != nil {
			return nil, nil, err
		}
		absent, uncovered := now.LostKeys(i.held())
		for _, w := range slices.Concat(absent, uncovered) {
			wrong = append(wrong, w+": what the server has encrypted would be lost")
		}
		if len(now.Keystores) == 0 {
			wrong = append(wrong, "no keystore was found: what the server has encrypted in its databases can't be read without")
		}
		return wrong, nil, nil
	}})
}

// wso2Rules names in which the nodes of a cluster differ.
func (i *installed) wso2Rules() {
	if i.survey == nil || len(i.survey.Nodes) < 2 {
		return
	}
	for _, c := range i.survey.Checks {
		if !c.OK {
			i.note("the nodes differ, %s: %s", c.Rule, strings.Join(append([]string{c.Said}, i.survey.Differences...), "; "))
		}
	}
	i.b.plan.Compare = append(i.b.plan.Compare, system.Compare{Name: "the nodes of the cluster", Look: func(ctx context.Context, _ []backup.Outcome) (wrong, remarks []string, err error) {
		now, err := i.again(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range now.Checks {
			switch {
			case c.OK:
			case strings.HasPrefix(c.Rule, "the same service"):
				remarks = append(remarks, now.Differences...)
			default:
				wrong = append(wrong, c.Rule+": "+c.Said)
			}
		}
		return wrong, remarks, nil
	}})
}

// wso2Steps write down the vendor's order: the artifacts or the whole server
// directory, and then the databases.
func (i *installed) wso2Steps(databases []system.Part) {
	b := i.b
	versions := i.versionStep()
	if b.env.Instance {
		versions.Why = append(versions.Why, "The server itself is in this snapshot, so only what lies outside of it has to be there already.")
		versions.Do = slices.DeleteFunc(versions.Do, func(line string) bool {
			return slices.ContainsFunc(i.probe.Homes, func(h string) bool { return strings.Contains(line, strings.TrimSuffix(h, "/")+"/") })
		})
	}
	b.plan.Restore = append(b.plan.Restore, versions, i.emptyStep(i.parts(), i.documents()))
	for _, p := range i.parts() {
		b.plan.Restore = append(b.plan.Restore, i.folderStep(p))
	}
	b.steps(i.documents(), databases, b.search())
	if s := i.registryStep(); len(s.Do) > 0 {
		b.plan.Restore = append(b.plan.Restore, s)
	}
	start := i.startStep(`curl -fsSk --retry 60 --retry-delay 5 --retry-all-errors %s | grep '"health"'`)
	start.Why = append(start.Why, "The server asks for the password of its keystore when it starts, unless password-tmp or password-persist in its folder has it. The health check answers with a list only where it is switched on.")
	b.plan.Restore = append(b.plan.Restore, start)
}

// registryStep brings back the local registry of the new installation where the
// snapshot has none.
func (i *installed) registryStep() system.Step {
	s := system.Step{Title: "take the local registry of the new installation", Why: []string{
		"WSO2CARBON_DB is not in this snapshot. Each node has one of its own; the one that the new installation brought is as good, and is moved back."}}
	if !slices.ContainsFunc(i.b.plan.Uncovered, func(u string) bool { return strings.Contains(u, "local registry") }) {
		return s
	}
	for _, home := range i.probe.Homes {
		const name = "database/WSO2CARBON_DB.mv.db"
		for _, f := range i.folders {
			if rest, ok := strings.CutPrefix(filepath.Join(home, "repository", name), f.Real+"/"); ok {
				at, from := hook.Quote(filepath.Join(f.Real, rest)), hook.Quote(filepath.Join(f.Real+".before-restore", rest))
				s.Do = append(s.Do, fmt.Sprintf("[ -e %s ] || [ ! -e %s ] || { mkdir -p %s && cp -a %s %s; }", at, from, hook.Quote(filepath.Dir(filepath.Join(f.Real, rest))), from, at))
			}
		}
	}
	return s
}
