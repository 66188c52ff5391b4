// Package wso2 reads installations of WSO2 Identity Server, and of MWARE IAM,
// which is built on it.
//
// Nouns:
//
//   - The home is IS_HOME, ${carbon.home}: it holds bin and repository.
//   - A datasource is a declared database; several may mean one physical one.
//
// Promise: as of package discover. All five forms in which deployment.toml
// declares a database are read, and the XML of older servers.
package wso2

import (
	"context"
	"path"
	"regexp"
	"strconv"
	"strings"

	"ivyvault/system/discover"
	"ivyvault/system/discover/install"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// Engine is WSO2 Identity Server.
type Engine struct{}

var _ discover.Engine = Engine{}

// Type returns "wso2is".
func (Engine) Type() string { return "wso2is" }

const (
	deployment = "repository/conf/deployment.toml"
	oldSources = "repository/conf/datasources"
)

// Detect looks for the server's configuration and start script.
func (Engine) Detect(in discover.Input) string {
	for _, name := range []string{deployment, oldSources + "/master-datasources.xml", "repository/conf/carbon.xml", "bin/wso2server.sh"} {
		if in.Tree.IsFile(path.Join(in.Home, name)) {
			return name
		}
	}
	return ""
}

// reader is one reading of one installation.
type reader struct {
	*discover.Installation
	Tree *tree.Tree
	Home string
	Env  settings.Environment
	user string
	bag  *settings.Bag
	ids  map[string]bool // of datasources, in lower case
}

// Read reads an installation.
func (Engine) Read(_ context.Context, in discover.Input) (*discover.Installation, error) {
	r := &reader{Installation: &discover.Installation{
		Mode:    discover.By("hot", "proposed: databases, then repository"),
		PerNode: perNode,
		Stop:    discover.Command{Argv: []string{path.Join(in.Home, "bin/wso2server.sh"), "stop"}, From: "the vendor's script"},
		Start:   discover.Command{Argv: []string{path.Join(in.Home, "bin/wso2server.sh"), "start"}, From: "the vendor's script"},
	}, Tree: in.Tree, Home: in.Home, Env: in.Env, user: in.UserHome.Value, bag: settings.NewBag(nil), ids: map[string]bool{}}
	if data, err := r.Tree.Read(path.Join(r.Home, deployment)); err == nil {
		list, err := settings.TOML(data, deployment)
		if err != nil {
			r.Note("%v", err)
		}
		r.bag.Add(list...)
	} else if r.Tree.IsFile(path.Join(r.Home, deployment)) || !r.Tree.IsDir(path.Join(r.Home, oldSources)) {
		r.Note("%v", err)
	}
	r.versions()
	r.address()
	r.declared()
	r.older()
	r.references()
	r.registry()
	r.folders()
	r.keystores()
	r.userStores()
	r.secrets()
	r.rest()
	r.rules()
	r.Installation.Settings = r.bag.All()
	return r.Installation, nil
}

// get returns a setting with its placeholders resolved.
func (r *reader) get(keys ...string) (settings.Setting, bool) {
	s, ok := r.bag.First(keys...)
	if !ok {
		return s, false
	}
	return r.resolve(s), true
}

// resolve replaces $env{}, $sys{}, $ref{} and ${carbon.home}. What is wholly
// $env{NAME} gets the variable as its origin. $secret{} stays.
func (r *reader) resolve(s settings.Setting) settings.Setting {
	form := regexp.MustCompile(`\$(env|sys|ref)\{([^{}]*)\}|\$\{([^{}]*)\}`)
	for range 16 {
		text := s.Value
		m := form.FindStringSubmatchIndex(text)
		if m == nil {
			return s
		}
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		kind, name := part(1), part(2)+part(3)
		to, ok := r.lookUp(kind, name)
		if !ok {
			r.Note("%s: nothing says what %s is; give the engine's environment with --env-file", s.From, part(0))
			if kind == "env" && text == part(0) { // a password can be asked for by that name
				s.From = settings.Origin{Kind: settings.Env, Name: name}
			}
			return s
		}
		if text == part(0) && to.From.Name != "" {
			s.From = to.From
		}
		s.Value = text[:m[0]] + to.Value + text[m[1]:]
		if len(s.Value) > 1<<16 {
			return s
		}
	}
	return s
}

func (r *reader) lookUp(kind, name string) (settings.Setting, bool) {
	switch kind {
	case "env":
		return r.Env.Get(name)
	case "ref":
		return r.bag.Get(name)
	}
	switch name {
	case "carbon.home", "carbon.server.home":
		return settings.Setting{Value: r.Home}, true
	case "user.home":
		return settings.Setting{Value: r.user}, r.user != ""
	case "carbon.protocol":
		return settings.Setting{Value: "https"}, true
	}
	opts := regexp.MustCompile(`(?:^|\s)-D` + regexp.QuoteMeta(name) + `=(\S+)`)
	for _, v := range []string{"JAVA_OPTS", "JAVA_TOOL_OPTIONS"} {
		if s, ok := r.Env.Get(v); ok {
			if m := opts.FindStringSubmatch(s.Value); m != nil {
				return settings.Setting{Value: strings.Trim(m[1], `"'`)}, true
			}
		}
	}
	return settings.Setting{}, false
}

// sealed tells why a password is no clear text.
func sealed(value string) string {
	switch {
	case strings.HasPrefix(value, "$secret{"):
		return "it is kept in the server's vault (" + strings.TrimPrefix(value, "$") + ")"
	case strings.HasPrefix(value, "$sys{"), strings.HasPrefix(value, "$ref{"):
		return "it refers to something that is not known"
	case strings.HasPrefix(value, "svns:"):
		return "it is kept in the server's vault"
	}
	return ""
}

func (r *reader) versions() {
	for _, name := range []string{"updates/product.txt", "bin/version.txt"} {
		data, err := r.Tree.Read(path.Join(r.Home, name))
		if err != nil {
			continue
		}
		text := strings.TrimSpace(string(data))
		if m := regexp.MustCompile(`(\d+\.\d+[\w.-]*)`).FindString(text); m != "" {
			first, _, _ := strings.Cut(text, "\n")
			r.Version = discover.By(m, name+": "+strings.TrimSpace(first))
			break
		}
	}
	if home, ok := r.Env.Get("JAVA_HOME"); ok {
		if s, ok := install.JavaRelease(r.Tree, home.Value); ok {
			r.Java = discover.Of(s)
			return
		}
	}
	for _, dir := range []string{"jdk", "jre", "jre/jre"} {
		if s, ok := install.JavaRelease(r.Tree, path.Join(r.Home, dir)); ok {
			s.From.Name = dir + "/release"
			r.Java = discover.Of(s)
			return
		}
	}
}

// address settles where the server's management port is.
func (r *reader) address() {
	host, from, port := "localhost", "default", 9443
	if s, ok := r.get("server.hostname"); ok {
		host, from = s.Value, s.From.String()
	}
	if s, ok := r.get("server.offset"); ok {
		n, err := strconv.Atoi(s.Value)
		if err != nil {
			r.Note("%s: the offset %q is no number", s.From, s.Value)
		}
		port += n
		from += ", port 9443 and offset " + s.From.String()
	}
	if s, ok := r.get("transport.https.properties.port", "transport.https.port"); ok {
		r.URL = discover.By("https://"+host+":"+s.Value, from+", "+s.From.String())
	} else {
		r.URL = discover.By("https://"+host+":"+strconv.Itoa(port), from)
	}
	on, ok := r.get("carbon_health_check.enable", "carbon_health_check.enabled")
	switch {
	case !ok:
		r.Note("the health check is off ([carbon_health_check] enable): the server then answers 200 without having looked; switch it on")
	case on.Value != "true":
		r.Note("the health check is switched off (%s=%s, %s)", on.Key, on.Value, on.From)
	default:
		r.Note("the health check is on (%s)", on.From)
	}
}

// perNode tells what each node has of its own.
func perNode(key string) bool {
	switch key {
	case "server.node_ip", "server.offset", "clustering.local_member_host", "clustering.local_member_port", "clustering.properties.localMemberHost":
		return true
	}
	return false
}
