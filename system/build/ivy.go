package build

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ivyvault/repo/backup"
	"ivyvault/sources"
	"ivyvault/sources/opensearch"
	"ivyvault/system"
	discovered "ivyvault/system/discover/ivy"
	"ivyvault/system/ivy"
	"ivyvault/system/survey"
)

// axonIvy captures an Axon Ivy Engine, or a cluster of them: hot, the database
// and then what its rows name; cold, everything at once.
func axonIvy(ctx context.Context, b *builder) error {
	i, err := b.installed(ctx, product{discovered.Engine{}, ivy.HealthURL, ivy.Answer})
	if err != nil {
		return err
	}
	b.plan.Product = "Axon Ivy Engine"
	cold, bundled := b.plan.Mode == sources.Cold, bundledSearch(b, i.survey)
	search := b.search()
	if !cold {
		i.leaveSearchData()
	}
	if b.env.Instance {
		i.program()
	}
	files := i.parts()
	if cold && bundled {
		search = i.searchData()
		files = append(files, search...)
	}
	i.compare()
	switch {
	case cold && bundled:
		b.stage("everything", "the engine is stopped, and its search server with it: nothing changes, so the order does not matter", b.databases(), i.documents(), files)
	case cold:
		b.stage("everything", "the engine is stopped: nothing changes, so the order does not matter", b.databases(), search, i.documents(), files)
	default:
		b.stage("database", "first: each document that a row names was there before the row and is still there when the files are captured", b.databases())
		b.stage("search", "after the database, which the engine can make the indices of again", search)
		b.stage("files", "last: documents, applications, configuration; what was added meanwhile does no harm", i.documents(), files)
	}
	i.ivyRules()
	i.ivySteps(files, search, bundled)
	return nil
}

// bundledSearch reports whether the search server belongs to the engine and
// lives and ends with it.
func bundledSearch(b *builder, s *survey.Survey) bool {
	if s != nil {
		return s.Bundled()
	}
	return b.s.Search == nil || b.s.Search.URL == "" || b.s.Search.URL == opensearch.Bundled
}

// leaveSearchData keeps the live files of a bundled search server out of every
// folder, whether the section does so or not: a copy of them is no backup.
func (i *installed) leaveSearchData() {
	const why = "live files of the bundled search server are no backup; its snapshots are, or the engine makes the indices again"
	var data []string
	if i.survey != nil {
		data = i.survey.SearchData()
	}
	for _, f := range i.held() {
		for _, usual := range []string{"_/opensearch", "_/elasticsearch", "data/_/opensearch", "data/_/elasticsearch"} {
			if at := filepath.Join(f.Real, usual); exists(at) {
				data = append(data, at)
			}
		}
	}
	for _, d := range data {
		i.leave(d, why)
	}
	if i.b.s.Search == nil {
		i.note("the section has no 'search': the indices are not captured, and the engine makes them again from the system database; what projects keep in the search server only is lost")
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// searchData is, in a cold capture, what a bundled search server has on disk,
// where no folder holds it.
func (i *installed) searchData() (out []system.Part) {
	if i.survey == nil {
		i.lacks("where the bundled search server keeps its indices isn't known: the engine makes them again from the system database")
		return nil
	}
	if i.b.s.Search != nil {
		i.note("the bundled search server is stopped with the engine, so its files are captured instead of what 'search' says")
	}
	for k, n := range i.survey.Found {
		if n.Search == nil {
			continue
		}
		for _, d := range n.Search.Data {
			if !i.survey.Tree.IsDir(d.Text) || survey.Covers(i.held(), d.Text) {
				continue
			}
			name := strings.TrimPrefix(i.survey.NodeName(k)+"-search-data", "-")
			if len(out) > 0 && slices.ContainsFunc(out, func(p system.Part) bool { return p.Path == directoriesDir+"/"+name }) {
				name += "-" + filepath.Base(d.Text)
			}
			f, _ := survey.Once([]survey.Folder{{Name: name, Path: d.Text}})
			out = append(out, i.part(f[0]))
		}
	}
	return out
}

// program captures the engine's programs too, so that the version of before an
// upgrade can come back whole.
func (i *installed) program() {
	b := i.b
	b.plan.Protect, b.plan.Tags = true, append(slices.Clone(b.plan.Tags), "pre-upgrade")
	i.note("the programs of the engine are captured too, and the snapshot is protected and tagged 'pre-upgrade': it can be gone back to after an upgrade that failed")
	for k, home := range i.probe.Homes {
		name := "program"
		if n := names(b.s.Nodes); k < len(n) {
			name = n[k] + "-program"
		}
		f, _ := survey.Once([]survey.Folder{{Name: name, Path: home, Exclude: []string{"/logs", "/work", "/tmp"}}})
		for _, o := range i.folders {
			f[0].Without(o.Real)
		}
		if i.survey != nil {
			for _, d := range i.survey.SearchData() {
				f[0].Without(d)
			}
		}
		i.folders = append(i.folders, f...)
	}
}

// ivyRules has the rules for clusters looked at, in the plan and after every
// capture, and notices deployments.
func (i *installed) ivyRules() {
	p := i.b.plan
	if i.survey == nil {
		return
	}
	for _, r := range ivy.Rules(i.survey) {
		for _, w := range r.Wrong {
			i.note("A RULE FOR CLUSTERS IS BROKEN, %s: %s", r.Name, w)
		}
		for _, m := range r.Remarks {
			i.note("rule for clusters, %s: %s", r.Name, m)
		}
		p.Compare = append(p.Compare, system.Compare{Name: "cluster: " + r.Name, Look: func(ctx context.Context, _ []backup.Outcome) ([]string, []string, error) {
			now, err := i.again(ctx)
			if err != nil {
				return nil, nil, err
			}
			list := ivy.Rules(now)
			k := slices.IndexFunc(list, func(x ivy.Rule) bool { return x.Name == r.Name })
			if k < 0 {
				return []string{"the nodes can't be compared any more"}, nil, nil
			}
			return list[k].Wrong, list[k].Remarks, nil
		}})
	}
	name := "no deployment during the backup"
	if len(i.survey.Nodes) > 1 {
		name = "cluster: " + ivy.NoDeployments
	}
	p.Compare = append(p.Compare, system.Compare{Name: name, Look: func(ctx context.Context, parts []backup.Outcome) ([]string, []string, error) {
		remarks, err := ivy.Deployed(ctx, i.applications(), began(parts))
		return nil, remarks, err
	}})
	p.Compare = append(p.Compare, system.Compare{Name: "keystores", Look: func(ctx context.Context, _ []backup.Outcome) ([]string, []string, error) {
		now, err := i.again(ctx)
		if err != nil {
			return nil, nil, err
		}
		absent, uncovered := now.LostKeys(i.held())
		return uncovered, absent, nil
	}})
}

// applications are the folders that a deployment changes.
func (i *installed) applications() (list []string) {
	for _, f := range i.folders {
		if role(f.Name) == applicationsRole {
			list = append(list, f.Real)
		}
	}
	return list
}
