package engines

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ivyvault/sources/s3/s3test"
)

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %.500s", err, text)
	}
}

// noise is content that doesn't compress, the same for the same seed.
func noise(seed uint64, n int) string {
	var b strings.Builder
	r := rand.New(rand.NewPCG(seed, 1))
	for b.Len() < n {
		fmt.Fprintf(&b, "%016x", r.Uint64())
	}
	return b.String()
}

const keyPassword = "keystore-secret"

// keystore makes a real keystore with a key of its own.
func keystore(t *testing.T, h *host, path, alias string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	if r := h.exec("keytool", "-genkeypair", "-keystore", path, "-storetype", "PKCS12", "-storepass", keyPassword, "-alias", alias,
		"-keyalg", "EC", "-dname", "CN=engine", "-validity", "3650"); r.code != 0 {
		t.Fatal(r)
	}
}

// opens fails the test where a keystore can't be opened or lacks its key.
func opens(t *testing.T, h *host, path, alias string) {
	t.Helper()
	r := h.exec("keytool", "-list", "-keystore", path, "-storepass", keyPassword, "-alias", alias)
	if r.code != 0 || !strings.Contains(r.out, "PrivateKeyEntry") {
		t.Error(r)
	}
}

// programs is what a new installation of the engine brings along.
func programs(t *testing.T, home string) {
	t.Helper()
	put(t, filepath.Join(home, "bin/AxonIvyEngine"), "#!/bin/sh\n", 0o755)
	put(t, filepath.Join(home, "system/plugins/ch.ivyteam.util_12.0.3.202601010101.jar"), "jar", 0o644)
	put(t, filepath.Join(home, "jre/release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"21.0.5\"\n", 0o644)
	put(t, filepath.Join(home, "configuration/reference/ivy.yaml"), "# the vendor's words\n", 0o644)
	put(t, filepath.Join(home, "configuration/ivy.yaml"), "# as shipped\n", 0o644)
	put(t, filepath.Join(home, "logs/ivy.log"), "log\n", 0o644)
	put(t, filepath.Join(home, "work/x"), "temporary\n", 0o644)
}

// site is an engine's installation with all that belongs to it.
type site struct {
	*host
	home  string
	db    database
	index index
	docs  *bucket // nil: documents lie in the data folder
	face  *face
}

var ivyTables = []string{"IWA_Version", "IWA_Case", "IWA_Task"}

// fill makes the system database.
func (s *site) fill() {
	s.t.Helper()
	s.db.create(s.t)
	sql := "CREATE TABLE IWA_Version (Version INTEGER NOT NULL); INSERT INTO IWA_Version VALUES (157);" +
		"CREATE TABLE IWA_Case (CaseId BIGINT PRIMARY KEY, Name VARCHAR(200) NOT NULL);" +
		"CREATE TABLE IWA_Task (TaskId BIGINT PRIMARY KEY, CaseId BIGINT NOT NULL, Name VARCHAR(200), FOREIGN KEY (CaseId) REFERENCES IWA_Case (CaseId));"
	for i := range 300 {
		sql += fmt.Sprintf("INSERT INTO IWA_Case VALUES (%d, 'case %s');", i, noise(uint64(i), 64))
		sql += fmt.Sprintf("INSERT INTO IWA_Task VALUES (%d, %d, 'task %s');", i, i, noise(uint64(i)+1000, 64))
	}
	s.db.exec(s.t, sql)
}

// install writes the installation.
func (s *site) install(searchYAML string) {
	t, home := s.t, s.home
	t.Helper()
	programs(t, home)
	yaml := fmt.Sprintf(`# yaml-language-server: $schema=https://json-schema.axonivy.com/ivy/12.0.1/ivy.json
SystemDb:
  Url: %q
  UserName: %q
  Password: %q
Connector.HTTP.Port: %s
Connector:
  HTTPS:
    KeystoreFile: %s
    KeystorePass: changeit
%s
Databases:
  crm:
    Url: jdbc:postgresql://crm.example.org/crm
`, s.db.url(), s.db.user(), s.db.password(), s.face.Port, s.path("pki/tls.p12"), searchYAML)
	if s.docs != nil {
		yaml += fmt.Sprintf(`SecuritySystems:
  default:
    DocumentStorage:
      Name: s3
      Config:
        Url: %s
        BucketName: %s
        PathStyle: "true"
        AccessKey: %s
        SecretKey: %s
`, s.docs.URL, s.docs.Name, s3test.AccessKey, s3test.SecretKey)
		for i := range 12 {
			s.docs.put(fmt.Sprintf("case/%d/claim.txt", i), noise(uint64(i)+7000, 3000))
		}
	}
	put(t, filepath.Join(home, "configuration/ivy.yaml"), yaml, 0o640)
	put(t, filepath.Join(home, "configuration/acme.lic"), "licensee.organisation=ACME\nexpiry.date=2031-05-31\n", 0o644)
	put(t, filepath.Join(home, "configuration/applications/portal/app.yaml"), "Variables:\n  x: y\n", 0o644)
	put(t, filepath.Join(home, "configuration/applications/portal/Variables/Portal.Dashboard.json"), `[{"id": "1"}]`, 0o644)
	keystore(t, s.host, filepath.Join(home, "configuration/keystore.p12"), "ivy")
	keystore(t, s.host, s.path("pki/tls.p12"), "tls")
	for i := range 4 {
		put(t, filepath.Join(home, fmt.Sprintf("applications/default/portal/%d/portal.iar", i)), noise(uint64(i)+100, 200_000), 0o644)
	}
	put(t, filepath.Join(home, "applications/default/portal/3/config/app.yaml"), "Data.FilesDirectory: data/portal/files\n", 0o644)
	for i := range 20 {
		put(t, filepath.Join(home, fmt.Sprintf("data/portal/files/%d/letter.txt", i)), noise(uint64(i)+500, 4000), 0o644)
	}
	put(t, filepath.Join(home, "data/_/opensearch/nodes/0/live.cfs"), "torn", 0o644)
	put(t, filepath.Join(home, "dropins/extension.jar"), "jar", 0o644)
	for _, name := range []string{"ivy-default-task", "ivy-default-businessdata-com.axonivy.dossier"} {
		for i := range 10 {
			s.index.add(name, fmt.Sprint(i), noise(uint64(i), 100))
		}
	}
}

// state is all that must come back.
func (s *site) state() map[string]map[string]string {
	all := map[string]map[string]string{"database": s.db.rows(s.t, ivyTables...), "index": s.index.all()}
	if s.docs != nil {
		all["bucket"] = s.docs.all()
	}
	for _, d := range []string{"configuration", "applications", "data", "dropins"} {
		all[d] = tree(s.t, filepath.Join(s.home, d))
	}
	all["pki"] = tree(s.t, s.path("pki"))
	for k := range all["configuration"] { // the engine's own, not captured
		if strings.HasPrefix(k, "reference") {
			delete(all["configuration"], k)
		}
	}
	for k := range all["data"] { // the live files of the search server are no backup
		if strings.HasPrefix(k, "_/opensearch") {
			delete(all["data"], k)
		}
	}
	return all
}

// lose takes everything away and installs the engine anew.
func (s *site) lose() {
	s.t.Helper()
	s.db.drop(s.t)
	s.index.clear()
	if s.docs != nil {
		s.docs.clear()
	}
	check(s.t, os.RemoveAll(s.home))
	check(s.t, os.RemoveAll(s.path("pki")))
	programs(s.t, s.home)
}

// An Axon Ivy Engine with its system database on PostgreSQL, its documents in a
// bucket and a bundled search server that has a place for snapshots.
func TestIvyPostgres(t *testing.T) {
	pg, os := postgresServer(t), searchServer(t)
	s := &site{db: pgDatabase{pg, "ivypg"}, index: index{t, os.URL}, docs: newBucket(t, "ivydocs"), face: newFace(t, "/system/health", "")}
	s.host = newHost(t, "IVYVAULT_SYSTEM_DB_PASSWORD="+pg.Password, "IVYVAULT_DEFAULT_S3_ACCESS_KEY="+s3test.AccessKey, "IVYVAULT_DEFAULT_S3_SECRET_KEY="+s3test.SecretKey)
	s.home = s.path("ivy")
	port := os.URL[strings.LastIndex(os.URL, ":")+1:]
	put(t, filepath.Join(s.home, "configuration/opensearch/opensearch.yml"), fmt.Sprintf("cluster.name: ivy-opensearch\nhttp.port: %s\npath.repo: [%q]\n", port, os.Repo), 0o644)
	s.life(t, "")
}

// The same on MariaDB, with an external search server without a place for
// snapshots, and documents in the data folder.
func TestIvyMariaDB(t *testing.T) {
	my, os := mariadbServer(t), searchServer(t)
	s := &site{db: myDatabase{my, "ivymy"}, index: index{t, os.URL}, face: newFace(t, "/system/health", "")}
	s.host = newHost(t, "IVYVAULT_SYSTEM_DB_PASSWORD="+my.Password)
	s.home = s.path("ivy")
	s.life(t, "SearchEngine.ExternalServer.Url: "+os.URL+"\n")
}

// life is two nights, single things brought back, and the loss of everything.
func (s *site) life(t *testing.T, searchYAML string) {
	s.index.t = t
	s.index.clear()
	t.Cleanup(s.index.clear)
	s.fill()
	s.install(searchYAML)
	s.discover(s.home).says(t, "crm.example.org", "acme.lic", "2031-05-31", "keystore-tls")
	s.ok("config", "check")
	s.ok("system", "plan", "claims").says(t, "Axon Ivy Engine 12.0.3", "stage 1, database", "stage 2, search", "stage 3, files",
		"NOT covered", "crm.example.org", "expires on 2031-05-31", "the engine's health")

	first := s.backup(0)
	for _, c := range first.Checks {
		if !c.OK {
			t.Errorf("%+v", c)
		}
	}
	if n := s.face.asked.Load(); n < 2 {
		t.Errorf("the health was asked for %d times, not before and after", n)
	}
	if v := fmt.Sprint(first.part(t, "databases/system").Facts.Schema); !strings.Contains(v, "157") {
		t.Errorf("the version of the system database is not noted: %s", v)
	}
	if r := s.ok("ls", "latest"); strings.Contains(r.out, "opensearch/nodes") {
		t.Error("live files of the search server were copied")
	}
	s.change()
	second := s.backup(0)
	s.onlyWhatChanged(first, second)
	want := s.state()
	s.singleThings(want)
	s.lose()
	s.follow()
	got := s.state()
	for part, was := range want {
		same(t, part, got[part], was)
	}
	opens(t, s.host, filepath.Join(s.home, "configuration/keystore.p12"), "ivy")
	opens(t, s.host, s.path("pki/tls.p12"), "tls")
	if _, err := os.Stat(filepath.Join(s.home, "configuration/reference/ivy.yaml")); err != nil {
		t.Errorf("what the engine ships in its configuration was lost: %v", err)
	}
	s.unwell(t)
}

// change is what happens in a day.
func (s *site) change() {
	s.db.exec(s.t, "INSERT INTO IWA_Task VALUES (5000, 1, 'added')")
	s.index.add("ivy-default-task", "new", "added")
	put(s.t, filepath.Join(s.home, "data/portal/files/new/letter.txt"), "added", 0o644)
	if s.docs != nil {
		s.docs.put("case/new/claim.txt", "added")
	}
}

// onlyWhatChanged judges by files: of the second night all but what the day
// touched was there already.
func (s *site) onlyWhatChanged(first, second night) {
	s.t.Helper()
	for _, name := range []string{"directories/applications", "directories/configuration", "directories/data"} {
		p := second.part(s.t, name)
		fresh := int64(0)
		if name == "directories/data" {
			fresh = 1
		}
		if p.Files-p.Unchanged != fresh {
			s.t.Errorf("%s: %d of %d files were copied, want %d", name, p.Files-p.Unchanged, p.Files, fresh)
		}
	}
	if s.docs != nil {
		if p := second.part(s.t, "documents/default"); p.Files-p.Unchanged > 2 { // the new one, and what says where they came from
			s.t.Errorf("%d of %d objects were read again", p.Files-p.Unchanged, p.Files)
		}
	}
	if a, b := first.part(s.t, "databases/system").Facts.Counts, second.part(s.t, "databases/system").Facts.Counts; len(a) < 3 || fmt.Sprint(a) == fmt.Sprint(b) {
		s.t.Errorf("counts of the nights: %v, %v", a, b)
	}
}

// singleThings brings back one document, one table, one application, one
// keystore, each beside what lives.
func (s *site) singleThings(want map[string]map[string]string) {
	t := s.t
	t.Helper()
	restore := func(part, to string, more ...string) {
		t.Helper()
		s.ok(append([]string{"restore", "--system", "claims", "--part", part, "--to", to}, more...)...)
	}
	restore("directories/data", s.path("one/data"), "--only", "portal/files/new")
	if p, err := os.ReadFile(s.path("one/data/portal/files/new/letter.txt")); err != nil || string(p) != "added" {
		t.Errorf("one document: %v, %q", err, p)
	}
	if _, err := os.Stat(s.path("one/data/portal/files/3")); err == nil {
		t.Error("more than one document came back")
	}
	restore("directories/applications", s.path("one/applications"), "--only", "default/portal")
	if got := tree(t, s.path("one/applications")); len(got) != len(want["applications"]) {
		t.Errorf("one application: %d things, want %d", len(got), len(want["applications"]))
	}
	restore("directories/configuration", s.path("one/configuration"), "--only", "keystore.p12")
	opens(t, s.host, s.path("one/configuration/keystore.p12"), "ivy")
	spare := s.db.named("spare")
	spare.drop(t)
	spare.create(t)
	defer spare.drop(t)
	spare.exec(t, "CREATE TABLE IWA_Case (CaseId BIGINT PRIMARY KEY, Name VARCHAR(200) NOT NULL)")
	s.ok("restore", "--system", "claims", "--part", "databases/system", "--table", s.table("IWA_Version"), "--to", "database=spare")
	same(t, "one table", spare.rows(t, "IWA_Version"), s.db.rows(t, "IWA_Version"))
	if s.docs != nil {
		s.docs.put("case/3/claim.txt", "spoilt")
		s.ok("restore", "--system", "claims", "--part", "documents/default", "--only", "case/3/claim.txt", "--to", "original", "--replace")
		same(t, "one document of the bucket", s.docs.all(), want["bucket"])
	}
}

// table is a table's name as its server keeps it.
func (s *site) table(name string) string {
	if _, ok := s.db.(pgDatabase); ok {
		return strings.ToLower(name)
	}
	return name
}

// unwell shows what is said of an engine that isn't well, of another version,
// of a deployment in the middle, and of a keystore that is gone.
func (s *site) unwell(t *testing.T) {
	s.face.status.Store(503)
	r := s.want(0, "backup", "--system", "claims")
	r.says(t, "maintenance mode")
	s.face.status.Store(200)

	check(t, os.Rename(filepath.Join(s.home, "jre"), filepath.Join(s.home, "jre.old")))
	put(t, filepath.Join(s.home, "jre/release"), "JAVA_VERSION=\"17\"\n", 0o644)
	script := s.path("follow.sh")
	if r := s.exec("sh", script); r.code == 0 || strings.Contains(r.err, "restored the part") {
		t.Errorf("a restore begins on another Java: %s", r)
	}
	check(t, os.RemoveAll(filepath.Join(s.home, "jre")))
	check(t, os.Rename(filepath.Join(s.home, "jre.old"), filepath.Join(s.home, "jre")))

	text, err := os.ReadFile(s.path("ivyvault.yaml"))
	check(t, err)
	s.deploying(func() { s.ok("backup", "--system", "claims").says(t, "if that was a deployment") })

	put(t, s.path("poor.yaml"), without(string(text), "keystore-tls:", "databases:"), 0o600)
	r = s.want(3, "backup", "--system", "claims", "--config", s.path("poor.yaml"))
	r.says(t, "tls.p12", "lies in no folder that is captured")
	s.ok("system", "plan", "claims", "--config", s.path("poor.yaml")).says(t, "THE DATABASE", "IS NOT COVERED")
}

// deploying does something while files of an application change.
func (s *site) deploying(do func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				_ = os.WriteFile(filepath.Join(s.home, "applications/default/deployed"), []byte(fmt.Sprint(n)), 0o644) // it is looked for by what the backup says
			}
		}
	}()
	do()
	close(stop)
	<-done
}

// without cuts keys with all that is indented below them.
func without(text string, keys ...string) string {
	var out []string
	skip := -1
	for line := range strings.SplitSeq(text, "\n") {
		depth := len(line) - len(strings.TrimLeft(line, " "))
		if skip >= 0 && (depth > skip || line == "") {
			continue
		}
		skip = -1
		for _, k := range keys {
			if strings.HasPrefix(strings.TrimSpace(line), k) {
				skip = depth
			}
		}
		if skip < 0 {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
