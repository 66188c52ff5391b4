package engines

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"ivyvault/sources/h2/h2test"
)

// h2Database is an embedded database of the server.
type h2Database struct {
	*host
	path string
}

func (d h2Database) shell(sql string) string {
	d.t.Helper()
	r := d.exec("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", h2test.Jar(d.t, h2test.Version), "org.h2.tools.Shell",
		"-url", "jdbc:h2:"+d.path, "-user", "wso2carbon", "-password", "wso2carbon", "-sql", sql)
	if r.code != 0 {
		d.t.Fatal(r)
	}
	return strings.Join(strings.Split(r.out, "\n")[:max(1, strings.Count(r.out, "\n")-1)], "\n") // without how long it took
}

// iam is an IS_HOME with all that belongs to it.
type iam struct {
	*host
	home     string
	m        *machine
	identity pgDatabase
	agents   pgDatabase
	shared   h2Database
	bps      h2Database
}

const goodHealth = `{"health": [{"key": "jdbc/SHARED_DB.connectivityTime.ms", "value": "1"}]}`

func (s *iam) programs() {
	t := s.t
	t.Helper()
	s.m.script("bin/wso2server.sh")
	put(t, filepath.Join(s.home, "updates/product.txt"), "wso2is-7.0.0\n", 0o644)
	put(t, filepath.Join(s.home, "jdk/release"), "JAVA_VERSION=\"17.0.9\"\n", 0o644)
	put(t, filepath.Join(s.home, "lib/x.jar"), "jar", 0o644)
	put(t, filepath.Join(s.home, "logs/a.log"), "log", 0o644)
	put(t, filepath.Join(s.home, "repository/conf/deployment.toml"), "# as shipped\n", 0o644)
	put(t, filepath.Join(s.home, "repository/logs/wso2carbon.log"), "log", 0o644)
}

func (s *iam) install() {
	t := s.t
	t.Helper()
	s.programs()
	put(t, filepath.Join(s.home, "repository/conf/deployment.toml"), fmt.Sprintf(`
[server]
hostname = "localhost"
[transport.https.properties]
port = %s
[carbon_health_check]
enable = true

[database.identity_db]
type = "postgre"
hostname = "127.0.0.1"
port = "%d"
name = "iamidentity"
username = "%s"
password = "$secret{identity}"

[database.shared_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2SHARED_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000"
username = "wso2carbon"
password = "wso2carbon"

[datasource.AgentIdentity]
id = "AgentIdentity"
url = "jdbc:postgresql://127.0.0.1:%d/iamagents"
username = "%s"
password = "$env{AGENTS_PASSWORD}"

[[datasource]]
id = "WSO2CONSENT_DB"
url = "jdbc:postgresql://127.0.0.1:%d/iamidentity"
username = "consent"
password = "$secret{identity}"

[bps_database.config]
url = "jdbc:h2:./repository/database/BPS"
username = "wso2carbon"
password = "wso2carbon"

[authentication.consent]
data_source = "jdbc/WSO2CONSENT_DB"

[keystore.primary]
file_name = "wso2carbon.p12"
[keystore.tls]
file_name = "%s"

[secrets]
identity = "b64ciphertext"
`, s.m.Port(), s.identity.s.Port, s.identity.user(), s.agents.s.Port, s.agents.user(), s.identity.s.Port, s.path("pki/iam.p12")), 0o640)
	keystore(t, s.host, filepath.Join(s.home, "repository/resources/security/wso2carbon.p12"), "wso2carbon")
	keystore(t, s.host, s.path("pki/iam.p12"), "iam")
	jar, err := os.ReadFile(h2test.Jar(t, h2test.Version))
	check(t, err)
	put(t, filepath.Join(s.home, "repository/components/plugins/h2_2.3.232.wso2v1.jar"), string(jar), 0o644)
	for i := range 10 {
		put(t, filepath.Join(s.home, fmt.Sprintf("repository/deployment/server/webapps/app%d.war", i)), noise(uint64(i)+40, 20_000), 0o644)
	}
	put(t, filepath.Join(s.home, "repository/tenants/1/userstores/x.xml"), "<UserStoreManager class=\"x\"/>", 0o644)
	for _, d := range []pgDatabase{s.identity, s.agents} {
		d.create(t)
		d.exec(t, "CREATE TABLE idn_base_table (product_name VARCHAR(20) PRIMARY KEY); INSERT INTO idn_base_table VALUES ('WSO2 Identity Server');"+
			"CREATE TABLE um_user (um_id INT PRIMARY KEY, um_name TEXT); INSERT INTO um_user SELECT i, 'user ' || md5(i::text) FROM generate_series(1, 500) i")
	}
	for _, d := range []h2Database{s.shared, s.bps, {s.host, filepath.Join(s.home, "repository/database/WSO2CARBON_DB")}} {
		d.shell("CREATE TABLE reg_resource (id INT PRIMARY KEY, name VARCHAR(200)) AS SELECT x, 'r' || x FROM SYSTEM_RANGE(1, 200)")
	}
}

var iamTables = []string{"idn_base_table", "um_user"}

func (s *iam) state() map[string]map[string]string {
	all := map[string]map[string]string{
		"identity": s.identity.rows(s.t, iamTables...), "agents": s.agents.rows(s.t, iamTables...), "pki": tree(s.t, s.path("pki")),
		"repository": tree(s.t, filepath.Join(s.home, "repository")),
	}
	const all200 = "SELECT * FROM reg_resource ORDER BY id"
	all["h2"] = map[string]string{"shared": s.shared.shell(all200), "bps": s.bps.shell(all200)}
	for k := range all["repository"] {
		if strings.HasPrefix(k, "logs") || strings.HasPrefix(k, "database") { // captured as databases, or not at all
			delete(all["repository"], k)
		}
	}
	return all
}

// MWARE IAM, or WSO2 Identity Server, with databases behind all forms of
// declaration, on PostgreSQL and in H2 files that the server locks.
func TestWSO2(t *testing.T) {
	t.Parallel()
	pg := postgresServer(t)
	h2test.Jar(t, h2test.Version)
	s := &iam{identity: pgDatabase{pg, "iamidentity"}, agents: pgDatabase{pg, "iamagents"}}
	s.host = newHost(t, "AGENTS_PASSWORD="+pg.Password, "IVYVAULT_SHARED_DB_PASSWORD=wso2carbon", "IVYVAULT_BPS_DB_PASSWORD=wso2carbon", "IVYVAULT_CARBON_DB_PASSWORD=wso2carbon")
	s.home = s.path("is")
	s.shared, s.bps = h2Database{s.host, filepath.Join(s.home, "repository/database/WSO2SHARED_DB")}, h2Database{s.host, filepath.Join(s.home, "repository/database/BPS")}
	var blind atomic.Bool
	s.m = newMachine(t, s.home, "jdbc:h2:"+s.shared.path, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/health-check/v1.0/health" {
			if blind.Load() {
				_, _ = io.WriteString(w, "<html>fine</html>")
				return
			}
			_, _ = io.WriteString(w, goodHealth)
		}
	}))
	s.install()
	s.discover(s.home).says(t, "{env:IVYVAULT_IDENTITY_DB_PASSWORD}", "secret{identity}", "can't be opened while the engine runs")
	s.m.start(s.host, "bin/wso2server.sh")

	// What the vault holds is asked for, and nothing is tried in its place.
	s.want(3, "backup", "--system", "claims").says(t, "IVYVAULT_IDENTITY_DB_PASSWORD")
	s.env = append(s.env, "IVYVAULT_IDENTITY_DB_PASSWORD="+pg.Password)
	s.ok("system", "plan", "claims").says(t, "7.0.0", "bin/wso2server.sh stop", "databases/bps", "databases/agentidentity", "directories/repository")

	first := s.backup(0)
	if stops, runs := s.m.runs(); stops != 2 || !runs {
		t.Errorf("stopped %d times, and runs: %v", stops, runs)
	}
	if v := fmt.Sprint(first.part(t, "databases/identity").Facts.Schema); !strings.Contains(v, "WSO2 Identity Server") {
		t.Errorf("whose tables these are is not noted: %s", v)
	}
	if r := s.ok("ls", "latest"); strings.Contains(r.out, "wso2carbon.log") {
		t.Error("logs were copied")
	}
	s.identity.exec(t, "INSERT INTO um_user VALUES (1000, 'added')")
	put(t, filepath.Join(s.home, "repository/deployment/server/webapps/new.war"), "added", 0o644)
	second := s.backup(0)
	if p := second.part(t, "directories/repository"); p.Files-p.Unchanged != 1 {
		t.Errorf("%d of %d files of repository were copied", p.Files-p.Unchanged, p.Files)
	}
	s.m.halt()
	want := s.state()
	s.singleThings(t)
	s.identity.drop(t)
	s.agents.drop(t)
	check(t, os.RemoveAll(s.home))
	check(t, os.RemoveAll(s.path("pki")))
	s.programs()
	s.follow()
	s.m.halt()
	got := s.state()
	for part, was := range want {
		same(t, part, got[part], was)
	}
	opens(t, s.host, s.path("pki/iam.p12"), "iam")

	s.m.start(s.host, "bin/wso2server.sh")
	s.hot(t)
	s.instance(t)
	s.lying(t)
	blind.Store(true)
	s.ok("backup", "--system", "claims", "--config", s.path("hot.yaml"), "--dry-run").says(t, "without having looked")
}

func (s *iam) singleThings(t *testing.T) {
	t.Helper()
	restore := func(part, to string, more ...string) {
		t.Helper()
		s.ok(append([]string{"restore", "--system", "claims", "--part", part, "--to", to}, more...)...)
	}
	restore("directories/repository", s.path("one"), "--only", "deployment/server/webapps/new.war") // an application, and a document
	if p, err := os.ReadFile(s.path("one/deployment/server/webapps/new.war")); err != nil || string(p) != "added" {
		t.Errorf("one application: %v, %q", err, p)
	}
	restore("directories/repository", s.path("one"), "--only", "wso2carbon.p12")
	opens(t, s.host, s.path("one/resources/security/wso2carbon.p12"), "wso2carbon")
	spare := s.identity.named("iamspare")
	spare.create(t)
	defer spare.drop(t)
	restore("databases/identity", "database=iamspare", "--table", "um_user")
	same(t, "one table", spare.rows(t, "um_user"), s.identity.rows(t, "um_user"))
}

// hot shows what can't be had while the server runs, and that it is said; a
// database that nobody configured, and a keystore that is gone.
func (s *iam) hot(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(s.path("ivyvault.yaml"))
	check(t, err)
	hot := strings.Replace(without(string(text), "hooks:", "shared:", "bps:", "carbon:"), "mode: cold", "mode: hot", 1)
	put(t, s.path("hot.yaml"), hot, 0o600)
	s.ok("system", "plan", "claims", "--config", s.path("hot.yaml")).says(t, "stage 1, databases", "stage 2, artifacts", "THE DATABASE", "WSO2SHARED_DB", "IS NOT COVERED")
	s.ok("backup", "--system", "claims", "--config", s.path("hot.yaml"))

	held := strings.Replace(without(string(text), "hooks:"), "mode: cold", "mode: hot", 1)
	put(t, s.path("held.yaml"), held, 0o600)
	s.want(3, "backup", "--system", "claims", "--config", s.path("held.yaml")).says(t, "is held by process", "databases/shared")
	s.ok("system", "plan", "claims", "--config", s.path("held.yaml")).says(t, "the local registry", "is left out")

	store := filepath.Join(s.home, "repository/resources/security/wso2carbon.p12")
	check(t, os.Rename(store, store+".gone"))
	s.want(3, "backup", "--system", "claims", "--config", s.path("hot.yaml")).says(t, "keystore", "what the server has encrypted would be lost")
	check(t, os.Rename(store+".gone", store))
}

// instance captures the whole server directory once; no policy takes it away.
func (s *iam) instance(t *testing.T) {
	t.Helper()
	put(t, filepath.Join(s.home, "repository/logs/wso2carbon.log"), "log", 0o644)
	s.backup(0, "--instance")
	s.ok("ls", "latest").says(t, "directories/instance/bin/wso2server.sh", "directories/instance/repository/logs/wso2carbon.log", "directories/instance/logs/a.log")
	s.m.halt()
	want := s.state()
	s.identity.drop(t)
	s.agents.drop(t)
	check(t, os.RemoveAll(s.home))
	check(t, os.RemoveAll(s.path("pki")))
	s.follow() // on a machine without the server: it is in the snapshot
	s.m.halt()
	got := s.state()
	for part, was := range want {
		same(t, "instance: "+part, got[part], was)
	}
	s.m.start(s.host, "bin/wso2server.sh")
	for range 2 {
		s.ok("backup", "--system", "claims", "--config", s.path("hot.yaml"))
	}
	s.ok("forget", "--keep-last", "1")
	var left []struct {
		Tags      []string `json:"tags"`
		Protected bool     `json:"protected"`
	}
	if err := json.Unmarshal([]byte(s.ok("snapshots", "--json").out), &left); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, l := range left {
		if l.Protected && strings.Contains(strings.Join(l.Tags, " "), "instance") {
			kept++
		}
	}
	if kept != 1 || len(left) != 2 {
		t.Errorf("after forget: %+v", left)
	}
}

// lying is a stop that says it has stopped what still runs.
func (s *iam) lying(t *testing.T) {
	t.Helper()
	s.m.lie(true)
	defer s.m.lie(false)
	text, err := os.ReadFile(s.path("ivyvault.yaml"))
	check(t, err)
	put(t, s.path("lying.yaml"), strings.Replace(string(text), "      stop:\n", "      stop:\n        timeout: 1s\n", 1), 0o600)
	s.want(1, "backup", "--system", "claims", "--config", s.path("lying.yaml")).says(t, "can't be seen to have stopped", "the Java process", "nothing was captured")
	if !s.m.answers() {
		t.Error("it was not started again")
	}
}
