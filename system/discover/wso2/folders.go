package wso2

import (
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/jdbc"
	"ivyvault/system/discover/settings"
)

// folders proposes repository, which is captured each time; the whole instance
// is captured once, by --instance.
func (r *reader) folders() {
	dir := discover.Directory{
		Name: "repository", Path: discover.By(path.Join(r.Home, "repository"), "the server's layout"),
		Notes: []string{"configuration, artifacts of all tenants, keystores; the whole instance is captured once by --instance"},
	}
	for name, why := range map[string]string{"logs": "logs", "tmp": "temporary files"} {
		if r.Tree.IsDir(path.Join(r.Home, "repository", name)) {
			dir.Exclude = append(dir.Exclude, discover.By("/"+name, why))
		}
	}
	for _, f := range r.Tree.Match(path.Join(r.Home, "repository/database"), "*.db") {
		dir.Exclude = append(dir.Exclude, discover.By("/database/"+path.Base(f), "captured as a database, or named below"))
	}
	slices.SortFunc(dir.Exclude, func(a, b discover.Value) int { return strings.Compare(a.Text, b.Text) })
	r.Folder(r.Tree, dir, true)
	why := map[string]string{"logs": "logs", "tmp": "temporary files", "dbscripts": "the product's own", "jdk": "Java", "jre": "Java"}
	list, err := r.Tree.List(r.Home)
	if err != nil {
		r.Note("%v", err)
	}
	for _, e := range list {
		at := path.Join(r.Home, e.Name())
		if e.Name() == "repository" || !r.Tree.IsDir(at) {
			continue
		}
		w, ok := why[e.Name()]
		if !ok {
			w = "program: captured once by --instance"
		}
		r.LeftOut = append(r.LeftOut, discover.Left{Path: at, Why: w})
	}
	for _, s := range r.bag.Below("tenant_mgt") {
		r.Note("%s=%s (%s)", s.Key, discover.Shown(s.Value), s.From)
	}
}

// keystores follows the keystores of deployment.toml, or the product's own.
// Data in the databases is encrypted with them: without them it is lost.
func (r *reader) keystores() {
	base := path.Join(r.Home, "repository/resources/security")
	found := false
	for _, s := range r.bag.All() {
		at, ok := strings.CutSuffix(s.Key, ".file_name")
		if !ok {
			at, ok = strings.CutSuffix(s.Key, ".location")
		}
		if !ok || !strings.HasPrefix(at, "keystore") && !strings.HasPrefix(at, "truststore") {
			continue
		}
		found = true
		what := "[" + at + "]"
		for _, k := range []string{".type", ".alias"} {
			if x, ok := r.get(at + k); ok {
				what += ", " + k[1:] + " " + x.Value
			}
		}
		r.Store(r.Tree, r.resolve(s), base, what)
	}
	for _, name := range []string{"wso2carbon.p12", "wso2carbon.jks", "client-truststore.p12", "client-truststore.jks"} {
		at := path.Join(base, name)
		known := slices.ContainsFunc(r.Keystores, func(k discover.Keystore) bool { return k.Path == at })
		if !known && r.Tree.IsFile(at) {
			r.Store(r.Tree, settings.Setting{Value: at, From: settings.Origin{Name: "repository/resources/security/" + name}}, base, "the product's own")
			found = true
		}
	}
	if !found {
		r.Need("no keystore was found: what the server encrypted in its databases can't be read without its keystores; name them under directories")
	}
	for _, name := range []string{"password-tmp", "password-persist"} {
		if r.Tree.IsFile(path.Join(r.Home, name)) {
			r.Note("%s holds the password of the keystore; it lies outside of repository and is not captured", path.Join(r.Home, name))
		}
	}
}

// userStores names stores of users that lie outside of the captured databases.
func (r *reader) userStores() {
	if s, ok := r.get("user_store.type"); ok && strings.Contains(strings.ToLower(s.Value), "ldap") || ok && strings.Contains(strings.ToLower(s.Value), "directory") {
		r.Cannot("the primary users lie in a directory server: [user_store] type=%s (%s)", s.Value, s.From)
	} else if ok {
		r.Note("[user_store] type is %s (%s)", s.Value, s.From)
	}
	for _, s := range r.bag.Below("user_store") {
		if last := s.Key[len("user_store."):]; last != "type" && !jdbc.Secret(last) {
			r.Note("[user_store] %s=%s (%s)", last, discover.Shown(r.resolve(s).Value), s.From)
		}
	}
	dirs := []string{path.Join(r.Home, "repository/deployment/server/userstores")}
	for _, tenant := range r.Tree.Match(path.Join(r.Home, "repository/tenants"), "*") {
		dirs = append(dirs, path.Join(tenant, "userstores"))
	}
	for _, d := range dirs {
		for _, f := range r.Tree.Match(d, "*.xml") {
			r.userStore(f)
		}
	}
}

func (r *reader) userStore(f string) {
	shown, _ := discover.Within(r.Home, f)
	data, err := r.Tree.Read(f)
	if err != nil {
		r.Note("%v", err)
		return
	}
	list, err := settings.XML(data, shown)
	if err != nil {
		r.Note("%v", err)
	}
	for _, s := range list {
		switch s.Key {
		case "ConnectionURL", "url", "URL", "driverName", "ConnectionName", "userName", "UserSearchBase", "DomainName", "Disabled":
			r.Cannot("users of the secondary store %s lie elsewhere: %s=%s (%s)", path.Base(f), s.Key, discover.Shown(s.Value), s.From)
		}
	}
}

// secrets names what only the server's vault knows.
func (r *reader) secrets() {
	for _, s := range r.bag.Below("secrets") {
		r.Note("the vault holds %s (%s); its keystores are needed to read it", s.Key[len("secrets."):], s.From)
		if strings.HasPrefix(s.Value, "[") {
			r.Note("%s: %s is in clear text still: ciphertool.sh encrypts it", s.From, s.Key[len("secrets."):])
		}
	}
}

// rest names what else a restore needs to know.
func (r *reader) rest() {
	for _, key := range []string{"server.node_ip", "server.base_path", "clustering.membership_scheme", "clustering.local_member_host", "encryption.key"} {
		s, ok := r.get(key)
		switch {
		case !ok:
		case jdbc.Secret(key) || key == "encryption.key":
			r.Note("%s is set (%s): what is in the databases is encrypted by it", key, s.From)
		default:
			r.Note("%s=%s (%s)", key, s.Value, s.From)
		}
	}
	for _, s := range r.bag.Below("clustering.members") {
		r.Note("a member of the cluster: %s (%s)", s.Value, s.From)
	}
	for _, s := range r.bag.All() {
		if strings.HasPrefix(s.Key, "clustering.members[") {
			r.Note("a member of the cluster: %s (%s)", s.Value, s.From)
		}
		if strings.HasPrefix(s.Key, "output_adapter.email") && !jdbc.Secret(s.Key) {
			r.Cannot("a mail server outside of the system: %s=%s (%s)", s.Key, discover.Shown(r.resolve(s).Value), s.From)
		}
	}
	if on, ok := r.get("database_configuration.enable_h2_console"); ok {
		r.Note("database_configuration.enable_h2_console is %s (%s)", on.Value, on.From)
	}
}

// rules are what nodes of one system must agree in.
func (r *reader) rules() {
	of := func(name string) discover.Value {
		for _, d := range r.Databases {
			if d.Name == name {
				return discover.By(d.Type+" "+d.Host.Text+":"+d.Port.Text+"/"+d.Database.Text, d.Database.From)
			}
		}
		return discover.Value{From: "not declared"}
	}
	keys := discover.Value{From: "the product's default"}
	if s, ok := r.get("keystore.primary.file_name"); ok {
		keys = discover.Of(s)
	}
	r.Rules = []discover.Rule{
		{Name: "the same identity database", Value: of("identity")},
		{Name: "the same shared database", Value: of("shared")},
		{Name: "the same primary keystore", Value: keys},
	}
	r.Cluster = []string{"each node has a local registry of its own (WSO2CARBON_DB)"}
}
