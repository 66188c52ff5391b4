// Package axonserver reads installations of Axon Server.
//
// Nouns:
//
//   - The home is the folder that the server is started from; its relative
//     paths start there.
//   - A Server is a running one that tells what it was started with.
//
// Promise: as of package discover. What a running Server says goes before what
// files say, and each difference is named.
package axonserver

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/install"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/spring"
	"ivyvault/system/discover/tree"
)

// About is what a running server says of itself.
type About struct {
	Version, Edition string
	Contexts         []string
}

// Server is a running Axon Server. Its methods may be called one at a time.
type Server interface {
	// About says what the server is.
	About(ctx context.Context) (About, error)
	// Setting returns the value that the server runs with, "" where there is
	// none.
	Setting(ctx context.Context, key string) (string, error)
}

// Engine is Axon Server.
type Engine struct {
	URL    string // where Server was asked
	Server Server // nil: only files are read
}

var _ discover.Engine = Engine{}

// Type returns "axonserver".
func (Engine) Type() string { return "axonserver" }

const prefix = "axoniq.axonserver."

// Detect looks for the server's jar, then for its configuration.
func (Engine) Detect(in discover.Input) string {
	for _, p := range in.Tree.Match(in.Home, "axonserver*.jar") {
		return path.Base(p)
	}
	for _, name := range []string{"axonserver.properties", "axonserver.yml", "axonserver.yaml", "config/axonserver.properties", "config/axonserver.yml", "config/axonserver.yaml"} {
		if in.Tree.IsFile(path.Join(in.Home, name)) {
			return name
		}
	}
	for _, v := range in.Env.Prefixed("AXONIQ_AXONSERVER_") {
		if in.Tree.IsDir(path.Join(in.Home, "config")) || in.Tree.IsDir(path.Join(in.Home, "data")) || in.Tree.IsDir(path.Join(in.Home, "events")) {
			return "the variable " + v.Key
		}
	}
	return ""
}

type reader struct {
	*discover.Installation
	*spring.Config
	Tree     *tree.Tree
	Home     string
	Env      settings.Environment
	tell     func(key string) (string, error) // of the running server, nil without one
	about    func() (About, error)
	contexts []string
	used     map[string]bool
}

// Read reads an installation, and asks the Server if there is one.
func (e Engine) Read(ctx context.Context, in discover.Input) (*discover.Installation, error) {
	r := &reader{Installation: &discover.Installation{
		Mode:    discover.By("hot", "the server's own backup calls: control database, then snapshots, then events"),
		PerNode: perNode,
	}, Tree: in.Tree, Home: in.Home, Env: in.Env, used: map[string]bool{}}
	if e.Server != nil {
		r.tell = func(key string) (string, error) { return e.Server.Setting(ctx, key) }
		r.about = func() (About, error) { return e.Server.About(ctx) }
	}
	r.Config = spring.Load(spring.Options{Tree: in.Tree, Home: in.Home, Name: "axonserver", Env: in.Env, User: in.UserHome.Value})
	r.versions()
	r.address(e.URL)
	r.access()
	r.storage()
	r.licences()
	r.remaining()
	for _, p := range r.Problems {
		r.Note("%s", p)
	}
	return r.Installation, nil
}

// setting returns a setting by its key below the product's prefix: of the
// running server, of files, or the default.
func (r *reader) setting(key, def string) discover.Value {
	r.used[spring.Squeeze(prefix+key)] = true
	v := discover.By(def, "default")
	s, ok := r.Value(prefix + key)
	if ok {
		v = discover.Of(s)
	}
	if r.tell == nil {
		return v
	}
	said, err := r.tell(prefix + key)
	switch {
	case err != nil:
		r.Note("the server doesn't tell %s: %v; what files say was taken", prefix+key, err)
	case said != "" && said != v.Text:
		r.Note("%s: the running server has %s, files say %s (%s): the server's was taken", prefix+key, said, v.Text, v.From)
		return discover.By(said, "the running server")
	}
	return v
}

func (r *reader) abs(v discover.Value) discover.Value {
	if !strings.HasPrefix(v.Text, "/") {
		v.Text = path.Join(r.Home, v.Text)
	}
	v.Text = path.Clean(v.Text)
	return v
}

func (r *reader) versions() {
	var names []string
	for _, p := range r.Tree.Match(r.Home, "*.jar") {
		names = append(names, path.Base(p))
		j, err := install.OpenJar(r.Tree, p)
		if err != nil {
			r.Note("%v", err)
			continue
		}
		if data, err := j.Read("META-INF/MANIFEST.MF"); err == nil && strings.HasPrefix(strings.ToLower(path.Base(p)), "axonserver") {
			docs, _ := settings.Properties(data, path.Base(p)+"!MANIFEST.MF")
			for _, s := range docs[0] {
				if s.Key == "Implementation-Version" {
					r.Version = discover.Of(s)
				}
			}
		}
		j.Close()
	}
	if v, name := install.Version("axonserver", names); v != "" && r.Version.Text == "" {
		r.Version = discover.By(v, name)
	}
	if home, ok := r.Env.Get("JAVA_HOME"); ok {
		if s, ok := install.JavaRelease(r.Tree, home.Value); ok {
			r.Java = discover.Of(s)
		}
	}
	if r.about == nil {
		return
	}
	about, err := r.about()
	if err != nil {
		r.Note("the server doesn't say what it is: %v", err)
		return
	}
	if about.Version != "" {
		r.Version = discover.By(about.Version, "the running server")
	}
	if about.Edition != "" {
		r.Note("the running server's edition is %s", about.Edition)
	}
	r.contexts = about.Contexts
}

func (r *reader) address(given string) {
	if given != "" {
		r.URL = discover.By(strings.TrimSuffix(given, "/"), "as given")
		return
	}
	scheme, port, from := "http", "8024", "default port"
	if s, ok := r.Value("server.port"); ok {
		port, from = s.Value, s.From.String()
	}
	if s, ok := r.Value("server.ssl.key-store"); ok {
		scheme = "https"
		r.Store(r.Tree, s, r.Home, s.Key)
		from += ", " + s.From.String()
	}
	r.URL = discover.By(scheme+"://localhost:"+port, from)
}

// access settles which token the backup calls need.
func (r *reader) access() {
	on := r.setting("accesscontrol.enabled", "false")
	r.used[spring.Squeeze(prefix+"accesscontrol.token")] = true
	r.used[spring.Squeeze(prefix+"accesscontrol.admin-token")] = true
	r.used[spring.Squeeze(prefix+"accesscontrol.internal-token")] = true
	if on.Text != "true" {
		if on.From != "default" {
			r.Note("access control is off (%s)", on.From)
		}
		return
	}
	token, ok := r.Value(prefix+"accesscontrol.admin-token", prefix+"accesscontrol.token")
	if !ok {
		if file := r.setting("accesscontrol.systemtokenfile", "./security/.token"); r.Tree.IsFile(r.abs(file).Text) {
			token = settings.Setting{Value: "x", From: settings.Origin{Kind: settings.SecretFile, Name: r.abs(file).Text}}
		}
	}
	sealed := ""
	v := r.Secret(token, "the token of an administrator of the server (access control is on, "+on.From+")", "axon_token", sealed)
	r.More = append(r.More, discover.Field{Key: "token", Value: v})
}

// perNode tells what nodes have of their own.
func perNode(key string) bool {
	k := spring.Squeeze(key)
	for _, own := range []string{"name", "hostname", "internalhostname", "port", "internalport"} {
		if k == "axoniqaxonserver"+own {
			return true
		}
	}
	return k == "serverport" || strings.HasPrefix(k, "logging")
}

// remaining names settings that were found and not used otherwise.
func (r *reader) remaining() {
	var env []string
	for _, s := range r.All() {
		own := strings.HasPrefix(spring.Squeeze(s.Key), "axoniqaxonserver")
		if s.From.Kind == settings.Env && own {
			env = append(env, s.From.Variable())
		}
		if s.From.Kind == settings.File || own {
			r.Settings = append(r.Settings, s)
		}
		k := spring.Squeeze(s.Key)
		if !own || r.used[k] {
			continue
		}
		if s = r.Resolve(s); strings.HasSuffix(k, "file") || strings.HasSuffix(k, "keystore") || strings.HasSuffix(k, "truststore") {
			r.Store(r.Tree, s, r.Home, s.Key)
			continue
		}
		shown := discover.Shown(s.Value)
		if strings.Contains(k, "token") && !strings.Contains(k, "dir") || strings.Contains(k, "password") || strings.Contains(k, "secret") {
			shown = "(a secret)"
		}
		r.Note("%s=%s (%s)", s.Key, shown, s.From)
	}
	if len(env) > 0 {
		slices.Sort(env)
		r.Cannot("the server takes settings from its environment, which no folder holds: keep the definition of %s", strings.Join(slices.Compact(env), ", "))
	}
	rule := func(name, key string) {
		v := discover.Value{From: "not set"}
		if s, ok := r.Value(prefix + key); ok {
			v = discover.By(fmt.Sprint(s.Value), s.From.String())
		}
		r.Rules = append(r.Rules, discover.Rule{Name: name, Value: v})
	}
	rule("the same size of event segments", "event.segment-size")
	r.Cluster = []string{"take events of a context from a node that is primary for it; the nodes' control databases differ"}
}
