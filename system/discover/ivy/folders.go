package ivy

import (
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/discover/settings"
)

// folders proposes the engine's folders and names those that are left out.
func (r *reader) folders() {
	data, apps := r.folder("Data.Directory", "data"), r.folder("Data.AppDirectory", "applications")
	r.data, r.apps = data.Text, apps.Text
	r.Folder(r.Tree, discover.Directory{
		Name: "configuration", Path: discover.By(path.Join(r.Home, "configuration"), "the engine's layout"),
		Exclude: r.present("configuration", "reference", "templates"),
		Notes:   []string{"engine, applications, Portal (Variables), certificates, licence"},
	}, true)
	r.Folder(r.Tree, discover.Directory{Name: "applications", Path: apps, Notes: []string{"deployed applications; Portal settings may lie here too"}}, true)
	dir := discover.Directory{Name: "data", Path: data, Notes: []string{"documents, files and CMS contents of applications"}}
	for _, s := range r.bundledData() {
		if rest, ok := discover.Within(r.data, s.Text); ok && rest != "" {
			dir.Exclude = append(dir.Exclude, discover.By("/"+rest, s.From+": live files of the bundled search server are no backup"))
		} else if !ok {
			r.LeftOut = append(r.LeftOut, discover.Left{Path: s.Text, Why: "live files of the bundled search server are no backup (" + s.From + ")"})
		}
	}
	r.Folder(r.Tree, dir, true)
	r.Folder(r.Tree, discover.Directory{Name: "dropins", Path: discover.By(path.Join(r.Home, "dropins"), "the engine's layout"), Notes: []string{"extensions of third parties"}}, false)
	for _, f := range []string{"webapps/ivy/WEB-INF/web.xml", "webapps/ivy/META-INF/context.xml", "elasticsearch/config"} { // up to 9
		if _, err := r.Tree.Stat(path.Join(r.Home, f)); err == nil {
			r.Folder(r.Tree, discover.Directory{Name: strings.ReplaceAll(strings.TrimSuffix(path.Base(f), ".xml"), "config", "elasticsearch-config"),
				Path: discover.By(path.Join(r.Home, f), "configuration of engines up to 9")}, false)
		}
	}
	r.leaveOut()
}

// bundledData returns the folders in which a bundled search server keeps its
// indices.
func (r *reader) bundledData() []discover.Value {
	if s, ok := r.bag.First("SearchEngine.BundledServer.DataPath", "Elasticsearch.BundledServer.DataPath"); ok {
		return []discover.Value{discover.By(r.abs(s.Value), s.From.String())}
	}
	list := []discover.Value{discover.By(path.Join(r.data, "_/opensearch"), "default of SearchEngine.BundledServer.DataPath")}
	if r.Tree.IsDir(path.Join(r.data, "_/elasticsearch")) {
		list = append(list, discover.By(path.Join(r.data, "_/elasticsearch"), "as found"))
	}
	return list
}

func (r *reader) present(dir string, names ...string) []discover.Value {
	var list []discover.Value
	for _, n := range names {
		if r.Tree.IsDir(path.Join(r.Home, dir, n)) {
			list = append(list, discover.By("/"+n, "shipped with the engine"))
		}
	}
	return list
}

// leaveOut names the rest of the home folder: known parts with the reason, and
// unknown ones as uncovered.
func (r *reader) leaveOut() {
	why := map[string]string{
		"deploy": "drop folder: what lies there is on its way into applications", "logs": "logs", "work": "temporary files", "tmp": "temporary files",
		"opensearch": "program", "elasticsearch": "program, and indices that are rebuilt", "system": "program", "bin": "program", "jre": "program: only its version is noted",
		"webapps": "program; error pages of your own there must be added by hand", "lib": "program", "projects": "program", "tomcat": "program",
	}
	list, err := r.Tree.List(r.Home)
	if err != nil {
		r.Note("%v", err)
	}
	for _, e := range list {
		at := path.Join(r.Home, e.Name())
		if !r.Tree.IsDir(at) || slices.ContainsFunc(r.Folders, func(d discover.Directory) bool {
			_, in := discover.Within(at, d.Path.Text)
			return in && !strings.HasPrefix(d.Name, "web") && d.Name != "context" && d.Name != "elasticsearch-config"
		}) {
			continue
		}
		if w, ok := why[e.Name()]; ok {
			r.LeftOut = append(r.LeftOut, discover.Left{Path: at, Why: w})
			continue
		}
		r.Cannot("%s is no folder of the engine: if something of yours lies there, add it to directories", at)
	}
}

// search settles which search server the engine uses, and how it is captured.
func (r *reader) search() {
	section := "SearchEngine"
	if len(r.bag.Below("SearchEngine")) == 0 && len(r.bag.Below("Elasticsearch")) > 0 {
		section = "Elasticsearch" // up to 11
	}
	get := func(key string) (settings.Setting, bool) { return r.bag.First(section + "." + key) }
	s := &discover.Search{Data: r.bundledData(), Indices: []discover.Value{discover.By("ivy-*", "default prefix of the engine's indices")}}
	for _, k := range []string{"IndexNamePrefix", "IndexPrefix", "ExternalServer.IndexNamePrefix", "ExternalServer.IndexPrefix"} {
		if p, ok := get(k); ok {
			s.Indices = []discover.Value{discover.By(strings.TrimSuffix(p.Value, "-")+"-*", p.From.String())}
		}
	}
	r.Search = s
	if url, ok := get("ExternalServer.Url"); ok {
		s.URL = discover.By(discover.Shown(url.Value), url.From.String())
		s.Method = discover.By("export", "works with any server; snapshot is better where its repository (path.repo) can be read by ivyvault")
		if user, ok := get("ExternalServer.UserName"); ok {
			s.User = discover.Of(user)
			password, _ := get("ExternalServer.Password")
			s.Password = r.Secret(password, "the password of the search server", "search_password", sealed(password.Value))
		}
		return
	}
	s.Bundled = true
	s.URL = discover.By("http://localhost:19200", "default of the bundled server")
	if section == "Elasticsearch" {
		s.URL.From = "default of the bundled server; up to 11 it may listen elsewhere"
	}
	s.Method = discover.By("rebuild", "the engine builds its indices again from the system database; only data that projects put there themselves is lost")
	name := path.Join(r.Home, "configuration/opensearch/opensearch.yml")
	data, err := r.Tree.Read(name)
	if err != nil {
		return
	}
	docs, err := settings.YAML(data, "configuration/opensearch/opensearch.yml")
	if err != nil {
		r.Note("%v", err)
	}
	for _, d := range docs {
		for _, x := range d {
			switch {
			case x.Key == "path.repo", strings.HasPrefix(x.Key, "path.repo["):
				s.Method = discover.By("snapshot", "the server has a place for snapshots")
				s.Location = discover.By(path.Join(x.Value, "ivyvault"), "below path.repo, "+x.From.String())
			case x.Key == "http.port":
				s.URL = discover.By("http://localhost:"+x.Value, x.From.String())
			}
		}
		for _, x := range d {
			r.Settings = append(r.Settings, settings.Setting{Key: "opensearch.yml " + x.Key, Value: x.Value, From: x.From})
		}
	}
}

// documents settles where each security system keeps its documents.
func (r *reader) documents() {
	names := map[string]string{} // as configured, by lower case
	var order []string
	for _, s := range r.bag.Below("SecuritySystems") {
		rest := s.Key[len("SecuritySystems."):]
		at := strings.Index(strings.ToLower(rest), ".documentstorage.")
		if at < 0 {
			r.identity(s, rest)
			continue
		}
		if key := strings.ToLower(rest[:at]); names[key] == "" {
			names[key] = rest[:at]
			order = append(order, key)
		}
	}
	for _, key := range order {
		r.storage(key, "SecuritySystems."+names[key]+".DocumentStorage")
	}
}

func (r *reader) storage(name, at string) {
	kind, ok := r.bag.First(at + ".Name")
	switch {
	case !ok:
		r.Note("%s is configured without a Name: documents lie in the engine's data folder", at)
		for _, s := range r.bag.Below(at) {
			r.Note("%s has no effect without a Name (%s)", s.Key, s.From)
		}
		return
	case strings.EqualFold(kind.Value, "local"):
		r.Note("documents of %s lie in the engine's data folder (%s)", name, kind.From)
		return
	case !strings.EqualFold(kind.Value, "s3"):
		r.Cannot("%s: documents of %s lie in %q, which is no store that is known", kind.From, name, kind.Value)
		return
	}
	s := discover.Store{Name: name, Type: discover.By("s3", kind.From.String())}
	for _, x := range r.bag.Below(at + ".Config") {
		s.Fields = append(s.Fields, r.s3Field(name, x, x.Key[len(at+".Config."):])...)
	}
	if !slices.ContainsFunc(s.Fields, func(f discover.Field) bool { return f.Key == "bucket" }) {
		r.Need("the name of the bucket with the documents of %s: it isn't in the configuration", name)
	}
	r.Documents = append(r.Documents, s)
}

func (r *reader) s3Field(name string, x settings.Setting, key string) []discover.Field {
	switch low := strings.ToLower(key); {
	case strings.Contains(low, "secret"):
		return []discover.Field{{Key: "secret-key", Value: r.Secret(x, "the secret key of the bucket of "+name, name+"_s3_secret_key", sealed(x.Value))}}
	case strings.Contains(low, "accesskey"):
		return []discover.Field{{Key: "access-key", Value: r.Secret(x, "the access key of the bucket of "+name, name+"_s3_access_key", sealed(x.Value))}}
	case strings.Contains(low, "bucket"):
		return []discover.Field{{Key: "bucket", Value: discover.Of(x)}}
	case strings.Contains(low, "pathstyle"):
		return []discover.Field{{Key: "path-style", Value: discover.Of(x)}}
	case strings.Contains(low, "region"):
		return []discover.Field{{Key: "region", Value: discover.Of(x)}}
	case low == "url", strings.Contains(low, "endpoint"):
		return []discover.Field{{Key: "endpoint", Value: discover.By(discover.Shown(x.Value), x.From.String())}}
	}
	r.Note("%s=%s (%s) belongs to the bucket of %s and has no key in the section", x.Key, safe(x), x.From, name)
	return nil
}

func safe(s settings.Setting) string {
	if isSecret(s) {
		return "(a secret)"
	}
	return discover.Shown(s.Value)
}

func isSecret(s settings.Setting) bool { return jdbc.Secret(s.Key) || sealed(s.Value) != "" }

// identity names directory servers: their users aren't the engine's.
func (r *reader) identity(s settings.Setting, rest string) {
	low := strings.ToLower(rest)
	if at := strings.Index(low, ".identityprovider"); at >= 0 && !isSecret(s) {
		r.Cannot("users of the security system %s come from outside (%s=%s, %s)", rest[:at], s.Key, discover.Shown(s.Value), s.From)
	}
}
