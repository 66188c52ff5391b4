package ivy

import (
	"path"
	"regexp"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/settings"
)

// keystores follows the keystores and truststores of all layouts.
func (r *reader) keystores() {
	for _, s := range r.bag.All() {
		last := strings.ToLower(s.Key[strings.LastIndex(s.Key, ".")+1:])
		if last == "keystorefile" || last == "truststorefile" || last == "certificatekeystorefile" {
			if s.Value != "" {
				r.Store(r.Tree, s, r.Home, s.Key)
			}
		}
	}
	for _, name := range []string{"keystore.p12", "keystore.jks", "truststore.p12", "truststore.jks"} {
		at := path.Join(r.Home, "configuration", name)
		if r.Tree.IsFile(at) {
			r.Store(r.Tree, settings.Setting{Value: at, From: settings.Origin{Name: "configuration/" + name}}, r.Home, "the engine's own")
		}
	}
	name := path.Join(r.Home, "configuration/jvm.options")
	data, err := r.Tree.Read(name)
	if err != nil {
		return
	}
	form := regexp.MustCompile(`-D(javax\.net\.ssl\.(?:key|trust)Store)=(\S+)`)
	for i, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		if m := form.FindStringSubmatch(line); m != nil {
			r.Store(r.Tree, settings.Setting{Value: m[2], From: settings.Origin{Name: "configuration/jvm.options", Line: i + 1}}, r.Home, m[1])
		}
	}
}

func storePath(name string) bool {
	low := strings.ToLower(name)
	return strings.HasSuffix(low, "store") || strings.HasSuffix(low, "storefile") || strings.HasSuffix(low, "rootcert") || strings.HasSuffix(low, "sslkey") || strings.HasSuffix(low, "sslcert")
}

func (r *reader) licences() {
	for _, p := range r.Tree.Match(path.Join(r.Home, "configuration"), "*.lic") {
		r.Licence(r.Tree, p)
	}
	if s, ok := r.bag.Get("Licence"); ok {
		r.Cannot("the licence comes from %s, which no folder holds: keep it", s.From)
	} else if len(r.Licences) == 0 {
		r.Note("no licence (configuration/*.lic) was found: the engine runs as a demo, or takes it from its environment")
	}
}

// external names data that belongs to projects and lies elsewhere.
func (r *reader) external(list []settings.Setting, of string) {
	form := regexp.MustCompile(`(?i)^(?:applications\.[^.]+\.)?(Databases|RestClients|WebServiceClients)\.([^.]+)\.(.+)$`)
	words := map[string]string{"databases": "database", "restclients": "REST service", "webserviceclients": "web service"}
	for _, s := range list {
		m := form.FindStringSubmatch(s.Key)
		if m == nil || isSecret(s) {
			continue
		}
		r.Cannot("%s uses the %s %q of a project: %s=%s (%s)", of, words[strings.ToLower(m[1])], m[2], m[3], discover.Shown(s.Value), s.From)
	}
}

// applications reads each app.yaml, in the layouts of all versions.
func (r *reader) applications() {
	type file struct{ app, path string }
	var files []file
	add := func(app, p string) {
		if r.Tree.IsFile(p) {
			files = append(files, file{app, p})
		}
	}
	for _, dir := range r.Tree.Match(path.Join(r.Home, "configuration/applications"), "*") {
		add(path.Base(dir), path.Join(dir, "app.yaml"))
	}
	for _, p := range r.Tree.Match(path.Join(r.Home, "configuration"), "app-*.yaml") {
		add(strings.TrimSuffix(path.Base(p)[len("app-"):], ".yaml"), p)
	}
	var walk func(dir, app string, depth int)
	walk = func(dir, app string, depth int) { // 14 has security system, application, version
		for _, sub := range r.Tree.Match(dir, "*") {
			if !r.Tree.IsDir(sub) || path.Base(sub) == "config" {
				continue
			}
			name := strings.TrimPrefix(app+"/"+path.Base(sub), "/")
			add(name, path.Join(sub, "app.yaml"))
			add(name, path.Join(sub, "config/app.yaml"))
			if depth < 2 {
				walk(sub, name, depth+1)
			}
		}
	}
	walk(r.apps, "", 0)
	for _, f := range files {
		r.application(f.app, f.path)
	}
}

func (r *reader) application(app, name string) {
	at := shown(r.Tree, r.Home, name)
	data, err := r.Tree.Read(name)
	if err != nil {
		r.Note("%v", err)
		return
	}
	docs, err := settings.YAML(data, at)
	if err != nil {
		r.Note("%v: what stands behind that line is not known", err)
	}
	for _, d := range docs {
		r.external(d, "application "+app)
		for _, s := range d {
			r.Settings = append(r.Settings, settings.Setting{Key: "application " + app + ": " + s.Key, Value: s.Value, From: s.From})
			if k := strings.ToLower(s.Key); k == "data.filesdirectory" || k == "data.filedirectory" {
				r.filesOf(app, s)
			}
		}
	}
}

// filesOf takes the files of an application that lie outside of the data folder.
func (r *reader) filesOf(app string, s settings.Setting) {
	at := r.abs(s.Value)
	if strings.Contains(s.Value, "${") {
		r.Need("%s: the folder of files of application %s (%s) can't be resolved; add it to directories if it lies outside of the data folder", s.From, app, s.Value)
		return
	}
	if rest, in := discover.Within(r.data, at); in {
		r.Note("files of application %s lie in the data folder (%s, %s)", app, rest, s.From)
		return
	}
	r.Folder(r.Tree, discover.Directory{Name: "files-" + strings.ReplaceAll(app, "/", "-"), Path: discover.By(at, s.From.String()), Notes: []string{"files of application " + app}}, true)
}

// rules are those that the vendor has for clusters.
func (r *reader) rules() {
	db := discover.Value{From: "SystemDb.Url is not declared"}
	if s, ok := r.bag.First("SystemDb.Url"); ok {
		db = discover.By(discover.Shown(s.Value), s.From.String())
	}
	search := discover.Value{From: "no external server is configured"}
	if s, ok := r.bag.First("SearchEngine.ExternalServer.Url", "Elasticsearch.ExternalServer.Url"); ok {
		search = discover.By(discover.Shown(s.Value), s.From.String())
	}
	r.Rules = []discover.Rule{{Name: "the same system database", Value: db}, {Name: "the same external search server", Value: search}}
	for _, name := range []string{"jgroups.xml", "jvm.options", "web.xml", "context.xml", "ivy.cache.properties", "log4j2.xml"} {
		p := path.Join(r.Home, "configuration", name)
		if data, err := r.Tree.Read(p); err == nil {
			r.Settings = append(r.Settings, settings.Setting{Key: "file " + name, Value: string(data), From: settings.Origin{Name: "configuration/" + name}})
			if name == "jgroups.xml" {
				r.Note("configuration/jgroups.xml: the engine is a node of a cluster; give the paths of all nodes together")
			}
		}
	}
	r.Cluster = []string{
		"a change of the configuration holds only on the node where it is made, unless the nodes share their configuration",
		"nothing may be deployed while the cluster runs: a backup during a deployment is that of a broken cluster",
	}
}
