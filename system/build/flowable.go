package build

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/opensearch"
	"ivyvault/sources/tap"
	"ivyvault/system"
	"ivyvault/system/config"
	discovered "ivyvault/system/discover/flowable"
	"ivyvault/system/flowable"
	"ivyvault/system/hook"
)

// flowableEngine captures an application of Flowable on one or more nodes: hot,
// the database, then the search server, then the content, strictly; cold, the
// database and the files, then the search server when it has come to rest.
func flowableEngine(ctx context.Context, b *builder) error {
	i, err := b.installed(ctx, product{discovered.Engine{}, flowable.HealthURL, flowable.Answer})
	if err != nil {
		return err
	}
	f := &flowableSystem{installed: i}
	p := b.plan
	p.Product = "Flowable"
	f.version(ctx)
	f.files = i.parts()
	i.compare()
	databases, documents := f.watchRows(b.databases()), f.watchFiles(b.documents())
	if len(b.s.Documents) == 0 {
		i.lacks("no 'documents' are named: where content is kept in files (by default in the folder content in the home of the engine's user), they are not captured")
	}
	if p.Mode == sources.Cold {
		b.stage("database and files", "the nodes are down: neither changes, so they are captured at the same time", databases, documents, f.files)
		b.stage("search", "when the search server has done what was still to be indexed", b.search()).Ready = f.still
		if p.Stopped, err = f.down(p.Stopped); err != nil {
			return err
		}
	} else {
		b.stage("database", "first: each content that a row names is written before the row, and is there when the files are captured", databases)
		b.stage("search", "after the database, which the engine can make the indices of again", b.search())
		b.stage("content", "last: a file that came meanwhile does no harm, one that is missing would", documents, f.files)
	}
	p.Compare = append(p.Compare, system.Compare{Name: "content and rows", Look: f.pair.Compare})
	f.steps()
	return nil
}

// flowableSystem is one application and what is looked at in it.
type flowableSystem struct {
	*installed
	pair  flowable.Pair
	files []system.Part
}

// version asks the running engine, which knows best, and has the installation
// answer where it does not run or does not tell.
func (f *flowableSystem) version(ctx context.Context) {
	b := f.b
	base, token := b.s.URL, b.s.Token
	for _, name := range names(b.s.Nodes) {
		if n := b.s.Nodes[name]; base == "" {
			base, token = n.URL, n.Token
		}
	}
	if base == "" {
		return
	}
	secret, err := b.env.Mask.Reveal(ctx, token)
	if err != nil {
		b.env.Log("the engine was not asked for its version: " + err.Error())
		return
	}
	v, err := flowable.Version(ctx, base, secret)
	switch {
	case err != nil:
		b.env.Log("the engine does not tell its version: " + err.Error())
	case b.plan.Version != "" && b.plan.Version != v:
		f.note("THE ENGINE THAT RUNS IS %s, and the one that is installed %s: the snapshot is of the former", v, b.plan.Version)
		fallthrough
	default:
		b.plan.Version = v
	}
}

// watchRows has the rows that tell of content read while databases are captured.
func (f *flowableSystem) watchRows(parts []system.Part) []system.Part {
	for k := range parts {
		r := flowable.NewRows(parts[k].Path)
		f.pair.Rows = append(f.pair.Rows, r)
		parts[k].Source = tap.New(parts[k].Source, r)
	}
	return parts
}

// watchFiles has the files noted that documents are captured with.
func (f *flowableSystem) watchFiles(parts []system.Part) []system.Part {
	for k := range parts {
		w := flowable.NewFiles(parts[k].Path, parts[k].Kind == FolderKind)
		f.pair.Files = append(f.pair.Files, w)
		parts[k].Source = tap.New(parts[k].Source, w)
	}
	return parts
}

// resting is how long the search server may take to come to rest.
const resting = 10 * time.Minute

// still waits until the search server has done all that it was told.
func (f *flowableSystem) still(ctx context.Context) error {
	return opensearch.New(*f.b.s.Search, opensearch.Env{Mask: f.b.env.Mask, Log: f.b.env.Log}).Still(ctx, resting)
}

// down adds to what proves that the nodes are down that the ports of all of them
// refuse connections.
func (f *flowableSystem) down(stopped func(context.Context) error) (func(context.Context) error, error) {
	bases := f.nodes()
	if len(bases) == 0 {
		return nil, errors.New("a cold capture has to see that all nodes are down: name the 'url' of the application, or 'nodes' with the 'url' of each")
	}
	return func(ctx context.Context) error {
		if err := stopped(ctx); err != nil {
			return err
		}
		for _, base := range bases {
			if err := flowable.Refused(ctx, base); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// nodes are the addresses of all nodes. What stands in front of several nodes
// is none of them.
func (f *flowableSystem) nodes() (out []string) {
	s := f.b.s
	for _, name := range names(s.Nodes) {
		if u := s.Nodes[name].URL; u != "" {
			out = append(out, u)
		} else {
			f.lacks(fmt.Sprintf("the node %s has no 'url': it isn't asked whether it is well or down", name))
		}
	}
	if len(s.Nodes) == 0 && s.URL != "" {
		out = append(out, s.URL)
	}
	return out
}

// steps write down the vendor's order: stop, content, database, search or a new
// index, start.
func (f *flowableSystem) steps() {
	b := f.b
	documents := b.documents()
	b.plan.Restore = append(b.plan.Restore, f.emptyStep(f.files, documents))
	b.steps(f.files)
	if len(documents) == 0 || slices.ContainsFunc(names(b.s.Documents), func(n string) bool { _, dir := b.s.Documents[n].Part.(*config.Directories); return !dir }) {
		b.plan.Restore = append(b.plan.Restore, system.Step{Title: "see where the content is kept", Why: []string{
			"What lies in the database comes back with it; what lies in a bucket or at another provider goes back there, by the steps that follow or by the provider's own means."}})
	}
	b.steps(documents)
	b.plan.Restore = append(b.plan.Restore, f.flowableVersion())
	b.steps(b.databases())
	switch search := b.search(); {
	case len(search) == 0:
		f.start()
		b.plan.Restore = append(b.plan.Restore, reindex("The indices are not in this snapshot."))
	case b.s.Search.Method == opensearch.ByRebuild:
		b.steps(search)
		f.start()
		b.plan.Restore = append(b.plan.Restore, reindex("Of the indices only their form was captured."))
	default:
		b.steps(search)
		f.start()
	}
}

func (f *flowableSystem) start() {
	s := f.startStep(`curl -fsS --retry 60 --retry-delay 5 --retry-all-errors %s`)
	s.Why = append(s.Why, "All that comes before must have been done: an engine that runs over half of its data writes more of what does not fit.")
	f.b.plan.Restore = append(f.b.plan.Restore, s)
}

// reindex is the step that makes the indices anew.
func reindex(why string) system.Step {
	return system.Step{Title: "have the indices made again", Why: []string{why + " Where the application has a search server, choose 'Reindex all' in Flowable Hub or Control; the open source engines have none, and need nothing."}}
}

// flowableVersion has the version compared before the database comes back. The
// names of libraries stand in clear within jars.
func (f *flowableSystem) flowableVersion() system.Step {
	s := system.Step{Title: "verify the version", Why: []string{
		fmt.Sprintf("The engine was Flowable %s. A newer one changes the database when it starts, and an older one refuses it; the versions of its schema are in the table above.", orUnknown(f.b.plan.Version))}}
	if f.survey == nil {
		return s
	}
	for _, n := range f.survey.Found {
		if library, ok := strings.CutPrefix(n.Version.From, "the library "); ok {
			home, library := hook.Quote(n.Home), hook.Quote(library)
			s.Do = append(s.Do, fmt.Sprintf("{ find -L %s -name %s; grep -RlaF --include='*.jar' --include='*.war' %s %s; } | grep .", home, library, library, home))
		}
	}
	if len(s.Do) > 0 {
		s.Why = append(s.Why, "A command that prints nothing and fails means that another one is installed.")
	}
	return s
}
