// Package ivy reads installations of the Axon Ivy Engine.
//
// Nouns:
//
//   - The home is the engine's folder, /ivy in containers. It holds
//     configuration, applications and data.
//   - A security system holds applications and has its own store of documents.
//
// Promise: as of package discover. Variables (IVY_…) go before secret files
// (/run/secrets/ivy.…), and these before ivy.yaml.
package ivy

import (
	"context"
	"path"
	"regexp"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/install"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Engine is the Axon Ivy Engine.
type Engine struct{}

var _ discover.Engine = Engine{}

// Type returns "axon-ivy".
func (Engine) Type() string { return "axon-ivy" }

// Detect looks for what only this engine has.
func (Engine) Detect(in discover.Input) string {
	for _, name := range []string{"configuration/ivy.yaml", "configuration/serverconfig.xml", "bin/AxonIvyEngine", "bin/AxonIvyEngine.conf"} {
		if in.Tree.IsFile(path.Join(in.Home, name)) {
			return name
		}
	}
	for _, p := range in.Tree.Match(path.Join(in.Home, "system/plugins"), "ch.ivyteam.util_*") {
		return "system/plugins/" + path.Base(p)
	}
	if len(in.Env.Prefixed("IVY_SYSTEMDB_")) > 0 && in.Tree.IsDir(path.Join(in.Home, "configuration")) {
		return "the variables IVY_SYSTEMDB_…"
	}
	return ""
}

// reader is one reading of one installation.
type reader struct {
	*discover.Installation
	Tree     *tree.Tree
	Home     string
	Env      settings.Environment
	UserHome settings.Setting
	bag      *settings.Bag
	data     string // Data.Directory
	apps     string // Data.AppDirectory
}

// Read reads an installation.
func (Engine) Read(_ context.Context, in discover.Input) (*discover.Installation, error) {
	r := &reader{Tree: in.Tree, Home: in.Home, Env: in.Env, UserHome: in.UserHome, Installation: &discover.Installation{Mode: discover.By("hot", "proposed: database, then search, then files; cold stops the engine"), PerNode: perNode,
		Stop: discover.Command{Argv: []string{"systemctl", "stop", "AxonIvyEngine"}, From: "the vendor's unit"}, Start: discover.Command{Argv: []string{"systemctl", "start", "AxonIvyEngine"}, From: "the vendor's unit"}}, bag: settings.NewBag(strings.ToLower)}
	r.configuration()
	r.versions()
	r.health()
	r.systemDatabase()
	r.folders()
	r.search()
	r.documents()
	r.keystores()
	r.licences()
	r.external(r.bag.All(), "the engine")
	r.applications()
	r.rules()
	r.Installation.Settings = append(r.Installation.Settings, r.bag.All()...)
	return r.Installation, nil
}

// configuration reads ivy.yaml, the secret files and the environment.
func (r *reader) configuration() {
	name := path.Join(r.Home, "configuration/ivy.yaml")
	if data, err := r.Tree.Read(name); err != nil {
		r.Note("%v", err)
	} else {
		docs, err := settings.YAML(data, "configuration/ivy.yaml")
		if err != nil {
			r.Note("%v: what stands behind that line is not known", err)
		}
		for _, d := range docs {
			r.bag.Add(d...)
		}
		r.schema(string(data))
	}
	if r.Tree.IsFile(path.Join(r.Home, "configuration/serverconfig.xml")) {
		r.Need("configuration/serverconfig.xml is the configuration of an engine before 7; its system database isn't read: supply it")
	}
	r.secretFiles()
	r.variables()
}

// schema keeps the version that the file's head names, as a hint.
func (r *reader) schema(text string) {
	form := regexp.MustCompile(`\$schema=\S*/ivy/(\d+[\d.]*)/`)
	for i, line := range strings.SplitN(text, "\n", 20) {
		if m := form.FindStringSubmatch(line); m != nil {
			r.Version = discover.Value{Text: m[1], From: settings.Origin{Name: "configuration/ivy.yaml", Line: i + 1}.String() + ", the schema, which may lag behind"}
			return
		}
	}
}

const secrets = "/run/secrets"

func (r *reader) secretFiles() {
	for _, p := range r.Tree.Match(secrets, "ivy.*") {
		key := path.Base(p)[len("ivy."):]
		data, err := r.Tree.Read(p)
		if err != nil {
			r.Note("%v", err)
			continue
		}
		if old, ok := r.bag.Get(key); ok {
			r.Note("%s stands in %s and in the secret file %s: the secret file was taken", key, old.From, p)
		}
		r.bag.Add(settings.Setting{Key: key, Value: strings.TrimRight(string(data), "\r\n"), From: settings.Origin{Kind: settings.SecretFile, Name: p}})
	}
}

// variables puts the variables over the keys that they mean. The letters of a
// key are lost in its variable: known keys get theirs back.
func (r *reader) variables() {
	list := r.Env.Prefixed("IVY_")
	var names []string
	for _, v := range list {
		names = append(names, v.Key)
		key := r.keyOf(strings.TrimPrefix(v.Key, "IVY_"))
		if old, ok := r.bag.Get(key); ok && old.Value != v.Value {
			r.Note("%s stands in %s and in %s: the variable was taken", key, old.From, v.From)
		}
		v.Key = key
		r.bag.Add(v)
	}
	if len(names) > 0 {
		r.Cannot("the engine takes settings from its environment, which no folder holds: keep the definition of %s", strings.Join(names, ", "))
	}
}

// keyOf makes a key of a variable's rest: parts are joined by points, but the
// names of known keys have their own writing.
func (r *reader) keyOf(rest string) string {
	for _, s := range r.bag.All() {
		if strings.EqualFold(strings.ReplaceAll(s.Key, ".", "_"), rest) {
			return s.Key
		}
	}
	return strings.ReplaceAll(rest, "_", ".")
}

// perNode tells what the vendor lets the nodes of a cluster have of their own.
func perNode(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "cluster.") || strings.Contains(key, "node.name") || strings.Contains(key, "nodename") ||
		strings.Contains(key, "pool") || strings.HasPrefix(key, "file jvm.options")
}

func (r *reader) versions() {
	for _, p := range r.Tree.Match(path.Join(r.Home, "system/plugins"), "ch.ivyteam.util_*") {
		parts := strings.SplitN(strings.TrimSuffix(path.Base(p)[len("ch.ivyteam.util_"):], ".jar"), ".", 4)
		if len(parts) >= 3 {
			r.Version = discover.By(strings.Join(parts[:3], "."), "system/plugins/"+path.Base(p))
		}
	}
	if s, ok := install.JavaRelease(r.Tree, path.Join(r.Home, "jre")); ok {
		s.From.Name = "jre/release"
		r.Java = discover.Of(s)
	} else if home, ok := r.Env.Get("JAVA_HOME"); ok {
		if s, ok := install.JavaRelease(r.Tree, home.Value); ok {
			r.Java = discover.Of(s)
		}
	}
}

// health settles where the engine is asked whether it is well.
func (r *reader) health() {
	scheme, port, from := "http", "8080", "default port"
	if on, ok := r.bag.First("Connector.HTTP.Enabled"); ok && strings.EqualFold(on.Value, "false") {
		scheme, port, from = "https", "8443", "default port, HTTP is off ("+on.From.String()+")"
	}
	if p, ok := r.bag.First("Connector." + strings.ToUpper(scheme) + ".Port"); ok {
		port, from = p.Value, p.From.String()
	}
	url := scheme + "://localhost:" + port
	if c, ok := r.bag.First("WebServer.IvyContextName"); ok && strings.Trim(c.Value, "/") != "" {
		url += "/" + strings.Trim(c.Value, "/")
		from += ", context " + c.From.String()
	}
	r.URL = discover.By(url, from)
	if b, ok := r.bag.First("BaseUrl"); ok {
		r.Note("the engine calls itself %s (%s)", discover.Shown(b.Value), b.From)
	}
}

// sealed tells why a value is no clear text.
func sealed(value string) string {
	for _, k := range []string{"decrypt", "encrypt", "hash"} {
		if strings.HasPrefix(value, "${"+k+":") {
			return "it is sealed by the engine (${" + k + ":…})"
		}
	}
	if strings.HasPrefix(value, "${") {
		return "it refers to something else (${…})"
	}
	return ""
}

func (r *reader) systemDatabase() {
	url, ok := r.bag.First("SystemDb.Url")
	if !ok {
		r.Cannot("no system database is declared (SystemDb.Url): the engine runs in demo mode, its database lies in memory and is gone when it stops")
		return
	}
	user, _ := r.bag.Get("SystemDb.UserName")
	password, _ := r.bag.Get("SystemDb.Password")
	r.Declare(discover.Declaration{
		Name: "system", What: "the system database", URL: url, User: user, Password: password, Sealed: sealed(password.Value),
		At: "SystemDb (" + url.From.String() + ")", Home: r.Home, UserHome: r.UserHome.Value,
	})
	for k := range r.Databases {
		d := &r.Databases[k]
		if drv, ok := r.bag.First("SystemDb.Driver"); ok {
			d.Notes = append(d.Notes, "driver "+drv.Value+" ("+drv.From.String()+")")
		}
		for _, s := range r.bag.Below("SystemDb.DriverProperties") {
			name := s.Key[len("SystemDb.DriverProperties."):]
			switch {
			case isSecret(s):
				d.Notes = append(d.Notes, "driver property "+name+" (a secret, not copied; "+s.From.String()+")")
				continue
			case storePath(name):
				r.Store(r.Tree, s, r.Home, "driver property "+name+" of the system database")
			}
			d.Notes = append(d.Notes, "driver property "+name+"="+s.Value+" ("+s.From.String()+")")
		}
		if d.Type == "postgresql" {
			d.Notes = append(d.Notes, "the engine may need the extension pgstattuple: a restore creates extensions again")
		}
	}
}

// folder returns the path of a configured folder.
func (r *reader) folder(key, def string) discover.Value {
	if s, ok := r.bag.First(key); ok {
		return discover.By(r.abs(s.Value), s.From.String())
	}
	return discover.By(path.Join(r.Home, def), "default of "+key)
}

func (r *reader) abs(name string) string {
	if strings.HasPrefix(name, "/") {
		return path.Clean(name)
	}
	return path.Join(r.Home, name)
}

func shown(t *tree.Tree, home, name string) string {
	if rest, ok := discover.Within(home, name); ok && rest != "" {
		return rest
	}
	return name
}
