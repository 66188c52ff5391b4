package engines

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ivyvault/sources/h2/h2test"
)

// cluster is three nodes: two share configuration and applications by links,
// each has data of its own.
type cluster struct {
	*host
	nodes []string // homes
	faces []*face
	db    pgDatabase
}

func (c *cluster) link(node int, name string) {
	c.t.Helper()
	at := filepath.Join(c.nodes[node], name)
	check(c.t, os.RemoveAll(at))
	check(c.t, os.MkdirAll(filepath.Dir(at), 0o755))
	check(c.t, os.Symlink(c.path("shared", name), at))
}

func (c *cluster) yaml(db, search, mail string) string {
	return fmt.Sprintf("SystemDb.Url: %q\nSystemDb.UserName: %s\nSystemDb.Password: %q\nSearchEngine.ExternalServer.Url: %s\nEMail.Server.Host: %s\n",
		c.db.named(db).url(), c.db.user(), c.db.password(), search, mail)
}

func (c *cluster) state() map[string]string {
	c.t.Helper()
	all := c.db.rows(c.t, "IWA_Version")
	for _, dir := range []string{"shared", "nodes"} {
		for k, v := range tree(c.t, c.path(dir)) {
			if !strings.Contains(k, "/system/") && !strings.Contains(k, "/jre/") && !strings.Contains(k, "before-restore") {
				all[dir+"/"+k] = v
			}
		}
	}
	return all
}

func (c *cluster) programs() {
	for _, n := range c.nodes {
		put(c.t, filepath.Join(n, "system/plugins/ch.ivyteam.util_12.0.3.1.jar"), "jar", 0o644)
		put(c.t, filepath.Join(n, "jre/release"), "JAVA_VERSION=\"21.0.5\"\n", 0o644)
	}
}

// Three nodes with differences planted, each of which is named; then the same
// without, captured with what they share taken once, lost, and brought back.
func TestIvyCluster(t *testing.T) {
	pg, srv := postgresServer(t), searchServer(t)
	c := &cluster{host: newHost(t, "IVYVAULT_SYSTEM_DB_PASSWORD="+pg.Password), db: pgDatabase{pg, "ivycluster"}}
	x := index{t, srv.URL}
	x.clear()
	t.Cleanup(x.clear)
	x.add("ivy-default-task", "1", "one")
	for _, name := range []string{"ivycluster", "ivyother"} {
		d := c.db.named(name)
		d.drop(t)
		d.create(t)
		d.exec(t, "CREATE TABLE IWA_Version (Version INTEGER NOT NULL); INSERT INTO IWA_Version VALUES (157)")
	}
	put(t, c.path("shared/configuration/ivy.yaml"), c.yaml("ivycluster", srv.URL, "mail.example.org"), 0o640)
	put(t, c.path("shared/applications/default/portal/1/portal.iar"), noise(1, 50_000), 0o644)
	for n := range 3 {
		c.nodes = append(c.nodes, c.path("nodes", fmt.Sprintf("n%d", n+1), "ivy"))
		put(t, filepath.Join(c.nodes[n], "data/files", fmt.Sprintf("of-%d.txt", n+1)), fmt.Sprint(n), 0o644)
		c.link(n, "applications")
		if n < 2 {
			c.link(n, "configuration")
		}
		c.faces = append(c.faces, newFace(t, "/system/health", ""))
	}
	c.programs()
	put(t, filepath.Join(c.nodes[2], "configuration/ivy.yaml"), c.yaml("ivyother", strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), "other.example.org")+"Extra: here\n", 0o640)
	c.configure()

	differ := []string{"the same system database", "ivyother", "the same external search server", "EMail.Server.Host", "other.example.org", "Extra: only n3 has it", "n1 and n3 have configurations of their own"}
	c.ok("system", "plan", "claims").says(t, append(differ, "A RULE FOR CLUSTERS IS BROKEN")...)
	c.want(3, "backup", "--system", "claims").says(t, differ...)
	bad := c.backup(3)
	broken := 0
	for _, k := range bad.Checks {
		if strings.HasPrefix(k.Name, "cluster: ") && len(k.Wrong) > 0 {
			broken++
		}
	}
	if broken != 4 {
		t.Errorf("%d rules are broken, want 4: %+v", broken, bad.Checks)
	}
	for _, f := range c.faces {
		if f.asked.Load() == 0 {
			t.Error("a node was not asked whether it is well")
		}
	}

	// The third node joins the others.
	c.link(2, "configuration")
	c.configure()
	good := c.backup(0)
	var paths []string
	for _, p := range good.Parts {
		paths = append(paths, p.Path)
	}
	for _, want := range []string{"directories/applications", "directories/configuration", "directories/n1-data", "directories/n2-data", "directories/n3-data", "databases/system", "search"} {
		good.part(t, want)
	}
	if len(paths) != 7 {
		t.Errorf("what the nodes share was not taken once: %v", paths)
	}
	want := c.state()
	c.db.drop(t)
	x.clear()
	check(t, os.RemoveAll(c.path("shared")))
	check(t, os.RemoveAll(c.path("nodes")))
	c.programs()
	c.follow()
	same(t, "the cluster", c.state(), want)
}

// configure has the nodes discovered, and names where they answer.
func (c *cluster) configure() {
	c.t.Helper()
	yaml := c.discover(c.nodes...).out
	for _, f := range c.faces {
		yaml = strings.Replace(yaml, "        url: http://localhost:8080", "        url: "+f.server.URL, 1)
	}
	put(c.t, c.path("ivyvault.yaml"), yaml, 0o600)
}

// An engine that is stopped for its capture: what its search server keeps on
// disk is captured then, and never while it runs.
func TestIvyCold(t *testing.T) {
	t.Parallel()
	h2test.Jar(t, h2test.Version)
	h := newHost(t)
	home := h.path("ivy")
	m := newMachine(t, home, "jdbc:h2:mem:x", false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/system/health" {
			http.NotFound(w, r)
		}
	}))
	install := func() {
		programs(t, home)
		m.script("bin/AxonIvyEngine")
	}
	install()
	put(t, filepath.Join(home, "configuration/ivy.yaml"), "Connector.HTTP.Port: "+m.Port()+"\nSearchEngine.BundledServer.DataPath: data/indices\n", 0o640)
	put(t, filepath.Join(home, "data/files/a.txt"), "a", 0o644)
	put(t, filepath.Join(home, "data/indices/nodes/0/segment.cfs"), "segment", 0o644)
	put(t, filepath.Join(home, "applications/x"), "x", 0o644)
	m.start(h, "bin/AxonIvyEngine")
	h.discover(home)
	text, err := os.ReadFile(h.path("ivyvault.yaml"))
	check(t, err)
	hooks := "    hooks:\n      stop: {timeout: 2s, command: [" + home + "/bin/AxonIvyEngine, stop]}\n      start: {timeout: 60s, command: [" + home + "/bin/AxonIvyEngine, start]}\n"
	cold := strings.Replace(string(text), "    mode: hot", hooks+"    mode: cold", 1)

	// Hot: no part has the files of the search server, even where the section
	// forgets to leave them out.
	put(t, h.path("ivyvault.yaml"), without(string(text), "search:", "exclude:"), 0o600)
	h.backup(0)
	if r := h.ok("ls", "latest"); strings.Contains(r.out, "segment.cfs") || !strings.Contains(r.out, "data/files/a.txt") {
		t.Errorf("live files of the search server: %s", r)
	}

	put(t, h.path("ivyvault.yaml"), cold, 0o600)
	h.backup(0)
	if stops, runs := m.runs(); stops != 1 || !runs {
		t.Errorf("stopped %d times, and runs: %v", stops, runs)
	}
	h.ok("ls", "latest").says(t, "directories/search-data/nodes/0/segment.cfs")
	m.lie(true)
	h.want(1, "backup", "--system", "claims").says(t, "can't be seen to have stopped", "the Java process")
	m.lie(false)

	m.halt()
	want := tree(t, filepath.Join(home, "data"))
	check(t, os.RemoveAll(home))
	install()
	h.follow()
	same(t, "data", tree(t, filepath.Join(home, "data")), want)

	// Before an upgrade the programs are captured too.
	put(t, h.path("ivyvault.yaml"), without(string(text), "search:"), 0o600)
	h.backup(0, "--instance")
	h.ok("ls", "latest").says(t, "directories/program/system/plugins/ch.ivyteam.util_12.0.3.202601010101.jar")
	h.ok("snapshots", "--json").says(t, "pre-upgrade")
	h.backup(0, "--protect", "--tag", "before-12.0.4") // or only what is always captured, kept and named
	h.backup(0)
	h.ok("forget", "--keep-last", "1")
	h.ok("snapshots", "--json").says(t, "before-12.0.4", "pre-upgrade")
}
