// Package flowable reads installations of Flowable: Work, Engage, and what is
// built on the open source engines.
//
// Nouns:
//
//   - The home is the folder that the application is started from: it holds the
//     jar or, as a servlet container, webapps.
//   - A content storage is where documents lie: files, the database, a bucket.
//
// Promise: as of package discover. Settings are put together in Spring's order.
package flowable

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

// Engine is Flowable.
type Engine struct{}

var _ discover.Engine = Engine{}

// Type returns "flowable".
func (Engine) Type() string { return "flowable" }

// Detect looks for Flowable's libraries, then for its settings.
func (Engine) Detect(in discover.Input) string {
	r := begin(in)
	if r.library != "" {
		return r.library
	}
	for _, s := range r.All() {
		if s.From.Kind != settings.Env && strings.HasPrefix(strings.ToLower(s.Key), "flowable.") { // a variable says nothing of the path
			return s.From.String()
		}
	}
	return ""
}

// reader is one reading of one installation.
type reader struct {
	*discover.Installation
	*spring.Config
	Tree     *tree.Tree
	Home     string
	Env      settings.Environment
	UserHome settings.Setting
	library  string          // that shows Flowable
	version  string          // of it
	names    []string        // of the libraries
	base     []spring.Inside // configuration that the application brings along
	trouble  []string
}

// Read reads an installation.
func (Engine) Read(_ context.Context, in discover.Input) (*discover.Installation, error) {
	r := begin(in)
	for _, p := range r.trouble {
		r.Note("%s", p)
	}
	r.versions()
	r.address()
	r.databases()
	r.search()
	r.documents()
	r.folders()
	r.keystores()
	r.licences()
	r.others()
	r.rules()
	for _, p := range r.Problems {
		r.Note("%s", p)
	}
	if len(r.Profiles) > 0 && r.Profiles[0] != "default" {
		r.Note("active profiles: %s", strings.Join(r.Profiles, ", "))
	}
	return r.Installation, nil
}

// begin finds the application and reads its configuration.
func begin(in discover.Input) *reader {
	r := &reader{Tree: in.Tree, Home: in.Home, Env: in.Env, UserHome: in.UserHome, Installation: &discover.Installation{
		Mode:    discover.By("hot", "proposed: strictly database, search, content; cold stops all nodes"),
		PerNode: perNode,
		Stop:    discover.Command{Argv: []string{"systemctl", "stop", "flowable"}, From: "to be supplied"},
		Start:   discover.Command{Argv: []string{"systemctl", "start", "flowable"}, From: "to be supplied"},
	}}
	var dirs []string
	for _, at := range r.applications() {
		if r.Tree.IsDir(at) {
			dirs = append(dirs, r.exploded(at)...)
		} else {
			r.jar(at)
		}
	}
	if lib := path.Join(in.Home, "lib"); r.Tree.IsDir(lib) { // on a servlet container's class path
		dirs = append(dirs, lib)
	}
	r.library, r.version = shows(r.names)
	r.Config = spring.Load(spring.Options{Tree: in.Tree, Home: in.Home, Env: in.Env, Base: r.base, Dirs: dirs, User: in.UserHome.Value})
	return r
}

// shows finds the library that shows Flowable, and its version.
func shows(names []string) (library, version string) {
	for _, stem := range []string{"flowable-engine", "flowable-platform-engine", "flowable-process-engine", "flowable-engine-common"} {
		if v, n := install.Version(stem, names); n != "" {
			return path.Base(n), v
		}
	}
	for _, n := range names {
		if strings.HasPrefix(path.Base(n), "flowable-") {
			return path.Base(n), ""
		}
	}
	return "", ""
}

// applications returns jars, wars and unpacked applications.
func (r *reader) applications() []string {
	var list []string
	for _, pattern := range []string{"*.jar", "*.war", "webapps/*", "app/*.jar"} {
		dir, name := path.Split(pattern)
		list = append(list, r.Tree.Match(path.Join(r.Home, dir), name)...)
	}
	if r.Tree.IsDir(path.Join(r.Home, "WEB-INF")) || r.Tree.IsDir(path.Join(r.Home, "BOOT-INF")) {
		list = append(list, r.Home)
	}
	return slices.DeleteFunc(list, func(p string) bool { // a war that its container has unpacked counts once
		return strings.HasSuffix(p, ".war") && r.Tree.IsDir(strings.TrimSuffix(p, ".war"))
	})
}

func (r *reader) jar(at string) {
	if ext := path.Ext(at); ext != ".jar" && ext != ".war" {
		return
	}
	j, err := install.OpenJar(r.Tree, at)
	if err != nil {
		r.trouble = append(r.trouble, err.Error())
		return
	}
	defer j.Close()
	for _, f := range j.File {
		dir, name := path.Split(f.Name)
		switch dir {
		case "BOOT-INF/lib/", "WEB-INF/lib/":
			r.names = append(r.names, name)
		case "BOOT-INF/classes/", "WEB-INF/classes/":
			if !configures(name) {
				continue
			}
			data, err := j.Read(f.Name)
			if err != nil {
				r.trouble = append(r.trouble, err.Error())
				continue
			}
			r.base = append(r.base, spring.Inside{Name: path.Base(at) + "!" + name, Path: name, Data: data})
		}
	}
	slices.SortStableFunc(r.base, func(a, b spring.Inside) int { return strength(a.Path) - strength(b.Path) })
}

// configures reports whether a file on the class path configures the application.
func configures(name string) bool {
	stem := strings.TrimSuffix(name, path.Ext(name))
	ext := path.Ext(name)
	return (ext == ".yml" || ext == ".yaml" || ext == ".properties") && (stem == "flowable-default" || stem == "application" || strings.HasPrefix(stem, "application-"))
}

// strength orders such files: the maker's defaults, YAML, properties, and those
// of profiles after all.
func strength(name string) int {
	n := 1
	switch {
	case strings.HasPrefix(name, "flowable-default"):
		return 0
	case strings.HasSuffix(name, ".properties"):
		n = 2
	}
	if strings.HasPrefix(name, "application-") {
		n += 2
	}
	return n
}

// exploded reads an unpacked application, and returns its class path.
func (r *reader) exploded(at string) []string {
	var dirs []string
	for _, inf := range []string{"BOOT-INF", "WEB-INF"} {
		for _, lib := range r.Tree.Match(path.Join(at, inf, "lib"), "*.jar") {
			r.names = append(r.names, path.Base(lib))
		}
		classes := path.Join(at, inf, "classes")
		if !r.Tree.IsDir(classes) {
			continue
		}
		dirs = append(dirs, classes)
		if data, err := r.Tree.Read(path.Join(classes, "flowable-default.properties")); err == nil {
			r.base = append(r.base, spring.Inside{Name: r.shown(path.Join(classes, "flowable-default.properties")), Path: "flowable-default.properties", Data: data})
		}
	}
	return dirs
}

func (r *reader) shown(name string) string {
	if rest, ok := discover.Within(r.Home, name); ok && rest != "" {
		return rest
	}
	return name
}

func (r *reader) versions() {
	if r.version != "" {
		r.Version = discover.By(r.version, "the library "+r.library)
	}
	homes := []string{path.Join(r.Home, "jre"), path.Join(r.Home, "jdk")}
	if home, ok := r.Env.Get("JAVA_HOME"); ok {
		homes = append(homes, home.Value)
	}
	for _, h := range homes {
		if s, ok := install.JavaRelease(r.Tree, h); ok {
			s.From.Name = r.shown(s.From.Name)
			r.Java = discover.Of(s)
			return
		}
	}
}

// address settles where the application is asked whether it is well.
func (r *reader) address() {
	scheme, port, ctx, from := "http", "8080", "", []string{"default port"}
	use := func(to *string, keys ...string) {
		if s, ok := r.Value(keys...); ok {
			*to = s.Value
			from = append(from, s.From.String())
		}
	}
	use(&port, "server.port")
	use(&ctx, "server.servlet.context-path", "server.context-path")
	for _, key := range []string{"server.ssl.key-store", "server.ssl.bundle"} {
		if s, ok := r.Value(key); ok {
			scheme = "https"
			from = append(from, path.Base(s.Value)+" "+s.From.String())
		}
	}
	if on, ok := r.Value("server.ssl.enabled"); ok {
		from = append(from, on.From.String())
		if on.Value == "false" {
			scheme = "http"
		}
	}
	if m, ok := r.Value("management.server.port"); ok {
		r.Note("the actuator answers on port %s (%s)", m.Value, m.From)
	}
	if m, ok := r.Value("management.endpoints.web.base-path"); ok {
		r.Note("the actuator's path is %s (%s)", m.Value, m.From)
	}
	if len(from) > 1 {
		from = from[1:]
	}
	r.URL = discover.By(fmt.Sprintf("%s://localhost:%s%s", scheme, port, strings.TrimSuffix(ctx, "/")), strings.Join(from, ", "))
}

// perNode tells what nodes may have of their own.
func perNode(key string) bool {
	k := spring.Squeeze(key)
	return strings.HasPrefix(k, "serverport") || strings.HasPrefix(k, "managementserver") || strings.HasPrefix(k, "logging") || strings.Contains(k, "instanceid")
}
