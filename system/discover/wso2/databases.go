package wso2

import (
	"path"
	"regexp"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/discover/settings"
)

// declared reads the forms [database.ID], [datasource.ID], [[datasource]] and
// [bps_database.config].
func (r *reader) declared() {
	seen := map[string]bool{}
	for _, s := range r.bag.All() {
		at, form := table(s.Key)
		if at == "" || seen[at] {
			continue
		}
		seen[at] = true
		name := at[strings.LastIndexByte(at, '.')+1:]
		if id, ok := r.get(at + ".id"); ok {
			name = id.Value
			r.ids[strings.ToLower(id.Value)] = true
		}
		if form == "bps" {
			name = "bps"
		}
		r.ids[strings.ToLower(name)] = true
		r.database(name, at)
	}
}

// table returns the table of a key that declares a database.
func table(key string) (at, form string) {
	for form, p := range map[string]string{
		"database": `^(database\.[^.\[]+)\.`, "datasource": `^(datasource\.[^.\[]+)\.`, "list": `^(datasource\[\d+\])\.`, "bps": `^(bps_database\.config)\.`,
	} {
		if m := regexp.MustCompile(p).FindStringSubmatch(key); m != nil {
			return m[1], form
		}
	}
	return "", ""
}

func (r *reader) database(name, at string) {
	url, ok := r.get(at + ".url")
	if !ok {
		if url, ok = r.composed(at); !ok {
			r.Need("%s declares a database without url and without type and name: name it under databases", at)
			return
		}
	}
	user, _ := r.get(at+".username", at+".user_name")
	password, _ := r.get(at + ".password")
	r.declare(name, at, url, user, password, "")
	for _, x := range r.bag.Below(at) {
		rest := x.Key[len(at)+1:]
		switch rest {
		case "url", "username", "user_name", "password", "type", "hostname", "port", "name", "sid", "id":
		case "driver":
			r.Note("%s uses the driver %s (%s)", at, x.Value, x.From)
		default:
			if strings.HasPrefix(rest, "pool_options") {
				continue
			}
			if jdbc.Secret(rest) {
				r.Note("%s.%s is a secret and was not copied (%s)", at, rest, x.From)
				continue
			}
			r.Note("%s.%s=%s (%s)", at, rest, discover.Shown(r.resolve(x).Value), x.From)
		}
	}
}

// composed makes the URL of type, hostname, port and name, as the server's own
// rules do.
func (r *reader) composed(at string) (settings.Setting, bool) {
	typ, ok := r.get(at + ".type")
	if !ok {
		return settings.Setting{}, false
	}
	host, _ := r.get(at + ".hostname")
	if host.Value == "" {
		host.Value = "localhost"
	}
	port, hasPort := r.get(at + ".port")
	if hasPort {
		host.Value += ":" + port.Value
	}
	name, hasName := r.get(at + ".name")
	if !hasName {
		if name.Value, ok = defaults()[at]; ok {
			name.From = settings.Origin{Kind: settings.Default}
		}
	}
	sid, hasSID := r.get(at + ".sid")
	s := settings.Setting{Key: at, From: typ.From}
	s.From.Name = typ.From.Name
	switch strings.ToLower(typ.Value) {
	case "h2":
		s.Value = "jdbc:h2:./repository/database/" + name.Value + ";DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000"
	case "postgre", "postgresql", "postgres":
		s.Value = "jdbc:postgresql://" + host.Value + "/" + name.Value
	case "mysql":
		s.Value = "jdbc:mysql://" + host.Value + "/" + name.Value
	case "mariadb":
		s.Value = "jdbc:mariadb://" + host.Value + "/" + name.Value
	case "mssql", "sqlserver":
		s.Value = "jdbc:sqlserver://" + host.Value + ";databaseName=" + name.Value
	case "oracle":
		switch {
		case hasSID && !hasPort:
			s.Value = "jdbc:oracle:thin:@" + host.Value + ":1521:" + sid.Value
		case hasSID:
			s.Value = "jdbc:oracle:thin:@" + host.Value + ":" + sid.Value
		default:
			s.Value = "jdbc:oracle:thin:@" + host.Value + "/" + name.Value
		}
	default:
		s.Value = "jdbc:" + typ.Value + "://" + host.Value + "/" + name.Value
	}
	return s, hasName || hasSID || name.Value != ""
}

// defaults are the names of databases that have none.
func defaults() map[string]string {
	return map[string]string{"database.identity_db": "WSO2IDENTITY_DB", "database.shared_db": "WSO2SHARED_DB"}
}

func (r *reader) declare(name, at string, url, user, password settings.Setting, why string) {
	if why == "" {
		why = sealed(password.Value)
	}
	r.Declare(discover.Declaration{
		Name: strings.Trim(strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(name), "_", "-"), "-db"), "-"), What: "the database " + name, URL: url, User: user, Password: password, Sealed: why,
		At: at + " (" + url.From.String() + ")", Home: r.Home, UserHome: r.user,
	})
}

// older reads the XML of servers up to 5.8. Later ones write it themselves out
// of deployment.toml: what both name is one database.
func (r *reader) older() {
	for _, f := range r.Tree.Match(path.Join(r.Home, oldSources), "*-datasources.xml") {
		shown := oldSources + "/" + path.Base(f)
		data, err := r.Tree.Read(f)
		if err != nil {
			r.Note("%v", err)
			continue
		}
		list, err := settings.XML(data, shown)
		if err != nil {
			r.Note("%v: what stands behind that line is not known", err)
		}
		bag := settings.NewBag(nil)
		bag.Add(list...)
		for _, s := range list {
			at, ok := strings.CutSuffix(s.Key, ".definition.configuration.url")
			if !ok {
				continue
			}
			conf := at + ".definition.configuration"
			id, _ := bag.Get(at + ".name")
			user, _ := bag.Get(conf + ".username")
			password, _ := bag.Get(conf + ".password")
			why := sealed(password.Value)
			if alias, ok := bag.First(conf+".password@secretAlias", conf+".password@svns:secretAlias"); ok {
				why = "it is kept in the server's vault (" + alias.Value + ")"
				password = alias
			}
			if id.Value == "" {
				id.Value = "datasource"
			}
			if jndi, ok := bag.Get(at + ".jndiConfig.name"); ok {
				r.ids[strings.ToLower(strings.TrimPrefix(jndi.Value, "jdbc/"))] = true
			}
			r.ids[strings.ToLower(id.Value)] = true
			r.declare(id.Value, id.Value, r.resolve(s), user, password, why)
		}
	}
}

// references checks that what a part of the server uses is declared.
func (r *reader) references() {
	known := map[string]bool{"wso2identity_db": true, "wso2shared_db": true, "shared_db": true, "identity_db": true, "wso2carbon_db": true, "wso2carbondb": true, "wso2_carbon_db": true, "wso2metrics_db": true}
	for _, s := range r.bag.All() {
		last := s.Key[strings.LastIndexByte(s.Key, '.')+1:]
		if last != "data_source" && last != "datasource" {
			continue
		}
		name := strings.TrimPrefix(s.Value, "jdbc/")
		if !r.ids[strings.ToLower(name)] && !known[strings.ToLower(name)] {
			r.Need("%s names the datasource %s (%s), which is declared nowhere: name its database under databases", s.Key, s.Value, s.From)
		} else {
			r.Note("%s uses the datasource %s (%s)", s.Key, s.Value, s.From)
		}
	}
}

// registry deals with the local registry, an H2 file of each node that nobody
// else can open while the server runs.
func (r *reader) registry() {
	at := path.Join(r.Home, "repository/database/WSO2CARBON_DB")
	if !r.Tree.IsFile(at + ".mv.db") {
		return
	}
	for _, d := range r.Databases {
		if d.Database.Text == at {
			return
		}
	}
	others := false
	for _, d := range r.Databases {
		others = others || d.Cold
	}
	if !others {
		r.Cannot("the local registry %s.mv.db (H2) is locked while the server runs: only a capture of the whole instance while it is stopped holds it", at)
		return
	}
	from := settings.Origin{Name: "repository/database/WSO2CARBON_DB.mv.db"}
	r.declare("carbon", "the local registry", settings.Setting{Value: "jdbc:h2:./repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000", From: from},
		settings.Setting{Value: "wso2carbon", From: settings.Origin{Kind: settings.Default}}, settings.Setting{Value: "wso2carbon", From: settings.Origin{Kind: settings.Default, Name: "of the product"}}, "")
}
