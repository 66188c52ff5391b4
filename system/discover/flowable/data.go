package flowable

import (
	"path"
	"regexp"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/spring"
)

// databases declares the data source, and names all other JDBC URLs.
func (r *reader) databases() {
	main, ok := r.Value("spring.datasource.hikari.jdbc-url", "spring.datasource.url", "spring.datasource.jdbc-url")
	switch jndi, named := r.Value("spring.datasource.jndi-name"); {
	case named:
		r.resource(jndi)
	case ok:
		user, _ := r.Value("spring.datasource.hikari.username", "spring.datasource.username")
		password, _ := r.Value("spring.datasource.hikari.password", "spring.datasource.password")
		r.declare("flowable", "the data source", main, user, password, "spring.datasource")
	default:
		r.Cannot("no data source is declared (spring.datasource.url): such an application takes a database in memory, which is gone when it stops; if its settings come from elsewhere, give them with --env-file")
	}
	if len(r.Databases) > 0 {
		d := &r.Databases[0]
		for _, key := range []string{"flowable.database-schema", "flowable.database-schema-update", "spring.datasource.driver-class-name"} {
			if s, ok := r.Value(key); ok {
				d.Notes = append(d.Notes, key+": "+s.Value+" ("+s.From.String()+")")
			}
		}
	}
	for _, s := range r.All() {
		s = r.Resolve(s)
		if strings.HasPrefix(s.Value, "jdbc:") && !strings.HasPrefix(spring.Squeeze(s.Key), "springdatasource") {
			r.Cannot("%s is a further database: %s (%s); name it under databases if it belongs to the system", s.Key, discover.Shown(s.Value), s.From)
		}
	}
}

func (r *reader) declare(name, what string, url, user, password settings.Setting, at string) {
	sealed := ""
	if strings.HasPrefix(password.Value, "ENC(") || strings.HasPrefix(password.Value, "{cipher}") {
		sealed = "it is encrypted"
	} else if strings.Contains(password.Value, "${") {
		sealed = "it refers to something that is not known"
	}
	r.Declare(discover.Declaration{Name: name, What: what, URL: url, User: user, Password: password, Sealed: sealed,
		At: at + " (" + url.From.String() + ")", Home: r.Home, UserHome: r.UserHome.Value})
}

// resource finds a servlet container's data source by its name.
func (r *reader) resource(jndi settings.Setting) {
	want := strings.TrimPrefix(jndi.Value, "java:comp/env/")
	files := []string{path.Join(r.Home, "conf/context.xml"), path.Join(r.Home, "conf/server.xml")}
	files = append(files, r.Tree.Match(path.Join(r.Home, "conf/Catalina/localhost"), "*.xml")...)
	element := regexp.MustCompile(`(?s)<Resource\s([^<>]*)>`)
	attribute := regexp.MustCompile(`([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	comment := regexp.MustCompile(`(?s)<!--.*?-->`)
	for _, f := range files {
		data, err := r.Tree.Read(f)
		if err != nil {
			continue
		}
		text := comment.ReplaceAllStringFunc(string(data), func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
		for _, at := range element.FindAllStringSubmatchIndex(text, 1000) {
			found := map[string]settings.Setting{}
			for _, a := range attribute.FindAllStringSubmatchIndex(text[at[2]:at[3]], 100) {
				m := attribute.FindStringSubmatch(text[at[2]+a[0] : at[2]+a[1]])
				line := 1 + strings.Count(text[:at[2]+a[0]], "\n")
				value := strings.NewReplacer("&amp;", "&", "&quot;", `"`, "&lt;", "<", "&gt;", ">", "&apos;", "'").Replace(m[2] + m[3])
				found[m[1]] = settings.Setting{Key: m[1], Value: value, From: settings.Origin{Name: r.shown(f), Line: line}}
			}
			if found["name"].Value == want && found["url"].Value != "" {
				r.declare("flowable", "the data source "+want, found["url"], found["username"], found["password"], "spring.datasource.jndi-name ("+jndi.From.String()+")")
				return
			}
		}
	}
	r.Need("%s: the database behind the name %s is defined in the servlet container, where it wasn't found; name it under databases", jndi.From, jndi.Value)
}

// search settles the search server and the names of its indices.
func (r *reader) search() {
	if on, ok := r.Value("flowable.indexing.enabled"); ok {
		r.Note("flowable.indexing.enabled is %s (%s)", on.Value, on.From)
		if on.Value == "false" {
			return
		}
	}
	url, ok := r.Value("spring.elasticsearch.uris", "spring.elasticsearch.rest.uris", "spring.elasticsearch.uris[0]", "spring.elasticsearch.rest.uris[0]", "spring.opensearch.uris")
	prefix, hasPrefix := r.Value("flowable.indexing.index-name-prefix")
	if !ok && !hasPrefix {
		return // the open source engines have none
	}
	s := &discover.Search{Method: discover.By("export", "works with any server; snapshot is better where its repository (path.repo) can be read by ivyvault")}
	if ok {
		list := strings.Split(url.Value, ",")
		s.URL = discover.By(discover.Shown(strings.TrimSpace(list[0])), url.From.String())
		for _, more := range list[1:] {
			r.Note("%s: a further node of the search server is %s", url.From, discover.Shown(strings.TrimSpace(more)))
		}
	} else {
		s.URL = discover.By("http://localhost:9200", "default of spring.elasticsearch.uris")
	}
	if user, ok := r.Value("spring.elasticsearch.username", "spring.elasticsearch.rest.username", "spring.opensearch.username"); ok {
		s.User = discover.Of(user)
		password, _ := r.Value("spring.elasticsearch.password", "spring.elasticsearch.rest.password", "spring.opensearch.password")
		s.Password = r.Secret(password, "the password of the search server", "search_password", "")
	}
	if hasPrefix {
		s.Indices = []discover.Value{discover.By(prefix.Value+"*", prefix.From.String())}
	} else {
		s.Indices = []discover.Value{discover.By("*", "no prefix (flowable.indexing.index-name-prefix) is set"), discover.By("-.*", "the server's own indices")}
	}
	for _, x := range r.Below("flowable.indexing") {
		k := spring.Squeeze(x.Key)
		if k != "flowableindexingenabled" && k != "flowableindexingindexnameprefix" {
			r.Note("%s=%s (%s)", x.Key, discover.Shown(x.Value), x.From)
		}
	}
	r.Need("the names of custom aliases and indices of the application, if it has any that do not match the patterns: add them to search.indices")
	r.Search = s
}

// documents settles where content lies. Several storages may be configured.
func (r *reader) documents() {
	const at = "flowable.content.storage"
	kind, ok := r.Value(at + ".type")
	if !ok {
		kind = settings.Setting{Value: "file", From: settings.Origin{Kind: settings.Default, Name: "of " + at + ".type"}}
	}
	switch strings.ToLower(kind.Value) {
	case "file":
		r.files(kind)
	case "db", "database":
		r.Note("content lies in the database, table FLW_CO_CONTENT_OBJECT (%s): it is captured with it", kind.From)
	case "aws-s3", "s3":
		r.bucket(kind, "s3")
	default:
		if strings.Contains(strings.ToLower(kind.Value), "azure") {
			r.bucket(kind, "azure")
		} else {
			r.Cannot("%s: content lies in the storage %q of the project", kind.From, kind.Value)
		}
	}
	for _, s := range r.Below(at) {
		if rest := s.Key[min(len(at)+1, len(s.Key)):]; strings.HasSuffix(rest, ".type") {
			r.Need("%s: a further content storage %q is configured (%s); name it under documents", s.From, rest, s.Value)
		}
	}
}

func (r *reader) files(kind settings.Setting) {
	root, ok := r.Value("flowable.content.storage.root-folder")
	where := discover.Value{}
	switch {
	case ok:
		p := root.Value
		if !strings.HasPrefix(p, "/") {
			p = path.Join(r.Home, p)
		}
		where = discover.By(path.Clean(p), root.From.String())
	case r.UserHome.Value == "":
		r.Need("content lies in the folder content of the engine's user's home, which is not known; give HOME in the environment")
		return
	default:
		where = discover.By(path.Join(r.UserHome.Value, "content"), "default, user.home is "+r.UserHome.From.String())
		if !r.Tree.IsDir(where.Text) {
			if len(r.Below("flowable.content")) == 0 {
				return // no content engine
			}
			r.Need("%s does not exist: make sure that this is the home of the user whom the engine runs as", where.Text)
		}
	}
	if strings.Contains(where.Text, "${") {
		r.Need("%s: the root folder of the content can't be resolved", where.From)
	} else if !r.Tree.IsDir(where.Text) {
		r.Note("%s: the content folder %s is not there (in a container it must be a volume)", where.From, where.Text)
	}
	if s, ok := r.Value("flowable.content.storage.create-root"); ok {
		r.Note("flowable.content.storage.create-root is %s (%s)", s.Value, s.From)
	}
	r.Documents = append(r.Documents, discover.Store{Name: "content", Type: discover.By("dir", kind.From.String()),
		Fields: []discover.Field{{Key: "path", Value: where}}})
}
