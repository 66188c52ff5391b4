package flowable

import (
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/spring"
)

// bucket reads an object storage. How the product calls its keys differs
// between versions: they are recognised by what they say.
func (r *reader) bucket(kind settings.Setting, typ string) {
	s := discover.Store{Name: "content", Type: discover.By(typ, kind.From.String()+", "+kind.Value)}
	for _, x := range r.Below("flowable.content.storage") {
		x = r.Resolve(x)
		k := spring.Squeeze(strings.TrimPrefix(x.Key, "flowable.content.storage"))
		field := func(key string) {
			s.Fields = append(s.Fields, discover.Field{Key: key, Value: discover.By(discover.Shown(x.Value), x.From.String())})
		}
		secret := func(key string) {
			s.Fields = append(s.Fields, discover.Field{Key: key, Value: r.Secret(x, "the "+strings.ReplaceAll(key, "-", " ")+" of the content storage", "content_"+key, "")})
		}
		switch {
		case k == "type", k == "rootfolder", k == "createroot":
		case strings.Contains(k, "connectionstring"):
			secret("connection-string")
		case strings.Contains(k, "secret"), strings.Contains(k, "accountkey"):
			secret(map[string]string{"s3": "secret-key", "azure": "account-key"}[typ])
		case strings.Contains(k, "accesskey"):
			secret("access-key")
		case strings.Contains(k, "bucket") && !strings.Contains(k, "create"):
			field("bucket")
		case strings.Contains(k, "container") && !strings.Contains(k, "create"):
			field("container")
		case strings.Contains(k, "accountname"):
			field("account")
		case strings.Contains(k, "region"):
			field("region")
		case strings.Contains(k, "endpoint"), strings.HasSuffix(k, "url"):
			field("endpoint")
		case strings.Contains(k, "prefix"):
			field("prefix")
		case jdbc.Secret(x.Key):
			r.Note("%s (a secret) has no key in the section (%s)", x.Key, x.From)
		default:
			r.Note("%s=%s (%s) has no key in the section", x.Key, discover.Shown(x.Value), x.From)
		}
	}
	need := map[string]string{"s3": "bucket", "azure": "container"}[typ]
	if !slices.ContainsFunc(s.Fields, func(f discover.Field) bool { return f.Key == need }) {
		r.Need("the %s of the content storage: it isn't in the configuration", need)
	}
	r.Documents = append(r.Documents, s)
}

// folders proposes the application's own folder, and those of configuration
// that lies elsewhere.
func (r *reader) folders() {
	dir := discover.Directory{Name: "application", Path: discover.By(r.Home, "as given"), Notes: []string{"program and configuration"}}
	for _, name := range []string{"logs", "log", "temp", "tmp", "work"} {
		if r.Tree.IsDir(path.Join(r.Home, name)) {
			dir.Exclude = append(dir.Exclude, discover.By("/"+name, "logs or temporary files"))
		}
	}
	leave := func(at, why string) {
		for _, x := range dir.Exclude {
			if _, in := discover.Within(path.Join(r.Home, x.Text), at); in {
				return
			}
		}
		if rest, ok := discover.Within(r.Home, at); ok && rest != "" {
			dir.Exclude = append(dir.Exclude, discover.By("/"+rest, why))
		}
	}
	for _, s := range r.Documents {
		for _, f := range s.Fields {
			if f.Key == "path" {
				leave(f.Text, "captured as documents")
			}
		}
	}
	for _, d := range r.Databases {
		if d.Type == jdbc.H2 && strings.HasPrefix(d.Database.Text, "/") {
			leave(d.Database.Text+".mv.db", "captured as a database")
			leave(d.Database.Text+".trace.db", "captured as a database")
		}
	}
	if s, ok := r.Value("logging.file.name", "logging.file.path", "logging.file"); ok {
		at := s.Value
		if !strings.HasPrefix(at, "/") {
			at = path.Join(r.Home, at)
		}
		r.LeftOut = append(r.LeftOut, discover.Left{Path: path.Clean(at), Why: "logs (" + s.From.String() + ")"})
		leave(at, "logs, "+s.From.String())
	}
	r.Folder(r.Tree, dir, true)
	for _, f := range r.Files {
		if _, in := discover.Within(r.Home, f); !in {
			r.Folder(r.Tree, discover.Directory{Name: "configuration-" + strings.ReplaceAll(path.Base(f), ".", "-"), Path: discover.By(f, "read by the application"), Notes: []string{"configuration outside of the application's folder"}}, true)
		}
	}
	var names []string
	for _, s := range r.All() {
		if s.From.Kind == settings.Env && relevant(s.Key) {
			names = append(names, s.From.Variable())
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		r.Cannot("the application takes settings from its environment, which no folder holds: keep the definition of %s", strings.Join(slices.Compact(names), ", "))
	}
}

func relevant(key string) bool {
	k := strings.ToLower(key)
	return strings.HasPrefix(k, "flowable.") || strings.HasPrefix(k, "spring.") || strings.HasPrefix(k, "server.")
}

// keystores follows keystores of the server and of SSL bundles.
func (r *reader) keystores() {
	for _, s := range r.All() {
		k := spring.Squeeze(s.Key)
		isStore := strings.HasSuffix(k, "keystore") || strings.HasSuffix(k, "truststore") ||
			strings.HasPrefix(k, "springsslbundle") && (strings.HasSuffix(k, "location") || strings.HasSuffix(k, "certificate") || strings.HasSuffix(k, "privatekey"))
		if !isStore || s.Value == "" || strings.Contains(s.Value, "-----BEGIN") {
			continue
		}
		s = r.Resolve(s)
		if strings.HasPrefix(s.Value, "classpath:") {
			r.Note("%s: the keystore %s lies within the application", s.From, s.Value)
			continue
		}
		r.Store(r.Tree, s, r.Home, s.Key)
	}
}

func (r *reader) licences() {
	if s, ok := r.Value("flowable.license.location", "flowable.license.path", "flowable.license.file"); ok {
		p := strings.TrimPrefix(s.Value, "file:")
		if !strings.HasPrefix(p, "/") {
			p = path.Join(r.Home, p)
		}
		r.Licence(r.Tree, path.Clean(p))
		return
	}
	places := r.Tree.Match(r.Home, "*.license")
	if r.UserHome.Value != "" {
		places = append(places, r.Tree.Match(path.Join(r.UserHome.Value, ".flowable"), "*.license")...)
	}
	for _, p := range places {
		r.Licence(r.Tree, p)
	}
}

// others names what the application uses beside its own data.
func (r *reader) others() {
	outside := []struct{ prefix, what string }{
		{"spring.ldap", "a directory server"}, {"flowable.idm.ldap", "a directory server"}, {"flowable.ldap", "a directory server"}, {"flowable.security.oauth2", "an identity provider"}, {"spring.security.oauth2", "an identity provider"},
		{"spring.rabbitmq", "a queue"}, {"spring.kafka", "a queue"}, {"spring.activemq", "a queue"}, {"spring.artemis", "a queue"}, {"spring.data", "a data store of the project"}, {"spring.redis", "a data store of the project"},
		{"spring.mail", "a mail server"}, {"flowable.mail", "a mail server"}, {"flowable.common.app.idm-url", "another application of Flowable"},
	}
	for _, o := range outside {
		list := r.Below(o.prefix)
		if s, ok := r.Get(o.prefix); ok {
			list = append(list, s)
		}
		for _, s := range list {
			if s = r.Resolve(s); !jdbc.Secret(s.Key) {
				r.Cannot("%s outside of the system: %s=%s (%s)", o.what, s.Key, discover.Shown(s.Value), s.From)
			}
		}
	}
	if s, ok := r.Value("flowable.async-executor-activate"); ok {
		r.Note("flowable.async-executor-activate is %s (%s)", s.Value, s.From)
	}
}

// rules are what nodes of one system must agree in.
func (r *reader) rules() {
	rule := func(name string, keys ...string) {
		v := discover.Value{From: "not set"}
		if s, ok := r.Value(keys...); ok {
			v = discover.By(discover.Shown(s.Value), s.From.String())
		}
		r.Rules = append(r.Rules, discover.Rule{Name: name, Value: v})
	}
	rule("the same database", "spring.datasource.hikari.jdbc-url", "spring.datasource.url", "spring.datasource.jndi-name")
	rule("the same search server", "spring.elasticsearch.uris", "spring.elasticsearch.rest.uris")
	rule("the same content storage", "flowable.content.storage.root-folder", "flowable.content.storage.type")
	r.Cluster = []string{"content files must lie in a folder that all nodes share: else each node has only its own"}
	for _, s := range r.All() {
		if s.From.Kind == settings.File || relevant(s.Key) {
			r.Settings = append(r.Settings, s)
		}
	}
}
