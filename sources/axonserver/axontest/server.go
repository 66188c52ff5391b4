package axontest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Server answers as an Axon Server does, over folders on disk: Root/events with
// a folder for each context, Root/log with one for each group. A segment counts
// as closed when its index files are there. Answers of 4.6 are as recorded from
// a real server; those of the enterprise edition and of 2023 as documented.
type Server struct {
	Root  string // on this machine
	Shown string // what the server calls it; "" is Root

	Version   string // "" is 4.6.12
	Licence   string // "" is "Standard Edition"
	Node      string
	Clustered bool
	Contexts  []string // that it stores; nil is "default"
	Groups    []string // of the replication; nil: it knows no such request
	Token     string   // that it asks for; "" is none
	Old       bool     // from before 4.5.12
	OnlyEE    bool     // the control database is copied by the enterprise edition's request
	NoHealth  bool     // it doesn't tell how far it has come

	// Last is what it says of how far it has come, by "<context>.lastEvent".
	Last map[string]int64
	// Fault answers a request in the server's place where it returns true.
	Fault func(w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	asked []string
	zips  int
}

// Start starts the server for the time of the test and returns its address.
func (s *Server) Start(t testing.TB) string {
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return h.URL
}

// Asked returns the requests so far, and forgets them.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.asked
	s.asked = nil
	return all
}

func (s *Server) shown(file string) string {
	rel, _ := filepath.Rel(s.Root, file)
	if s.Shown == "" {
		return file
	}
	return s.Shown + "/" + rel
}

func (s *Server) version() string {
	if s.Version == "" {
		return "4.6.12"
	}
	return s.Version
}

func (s *Server) merged() bool { return strings.HasPrefix(s.version(), "20") }

// ServeHTTP answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	s.mu.Unlock()
	if s.Fault != nil && s.Fault(w, r) {
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") && s.Token != "" {
		switch r.Header.Get("AxonIQ-Access-Token") {
		case s.Token:
		case "":
			w.Header().Set("WWW-Authenticate", "Basic")
			s.spring(w, r, 401, "Unauthorized")
			return
		default:
			w.WriteHeader(403)
			fmt.Fprint(w, "Invalid token")
			return
		}
	}
	switch at := r.Method + " " + r.URL.Path; {
	case at == "GET /v1/public/me":
		s.json(w, map[string]any{"authentication": s.Token != "", "clustered": s.Clustered, "adminNode": true, "storageContextNames": s.contexts(), "contextNames": s.contexts(), "name": s.Node, "hostName": "localhost", "httpPort": 8024})
	case at == "GET /v1/public/mycontexts":
		s.json(w, s.contexts())
	case at == "GET /v1/public/version":
		s.json(w, map[string]any{"productName": "Axon Server", "version": s.version()})
	case at == "GET /v1/public/license":
		edition := s.Licence
		if edition == "" {
			edition = "Standard Edition"
		}
		s.json(w, map[string]any{"expiryDate": nil, "edition": edition, "licensee": nil, "featureList": []string{}})
	case at == "GET /actuator/health":
		s.health(w)
	case at == "GET /v1/backup/eventstore" && !s.Old:
		s.eventstore(w, r)
	case at == "GET /v1/backup/filenames":
		s.filenames(w, r)
	case at == "GET /v1/backup/log/filenames" && s.Groups != nil:
		s.logs(w, r)
	case at == "POST /v1/backup/createControlDbBackup" && s.OnlyEE, at == "POST /createControlDbBackup" && !s.OnlyEE:
		s.control(w, r)
	case strings.HasSuffix(at, "reateControlDbBackup") && r.Method == "GET":
		w.Header().Set("Allow", "POST")
		s.spring(w, r, 405, "Method Not Allowed")
	default:
		s.spring(w, r, 404, "Not Found")
	}
}

func (s *Server) contexts() []string {
	if s.Contexts == nil {
		return []string{"default"}
	}
	return s.Contexts
}

func (s *Server) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) spring(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"timestamp": 1795262460149, "status": status, "error": text, "path": r.URL.Path, "asVersion": s.version(), "product": "Axon Server"})
}

// Axon answers with an error of the server's own.
func Axon(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("AxonIQ-ErrorCode", code)
	w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "[%s] %s", code, text)
}

func (s *Server) health(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	details := map[string]any{"default.waitingEventTransactions": 0}
	if !s.NoHealth {
		for k, v := range s.Last {
			details[k] = v
		}
	}
	w.Header().Set("Content-Type", "application/vnd.spring-boot.actuator.v3+json")
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "UP", "components": map[string]any{"localEventStore": map[string]any{"status": "UP", "details": details}}})
}

// SetLast says how far it has come.
func (s *Server) SetLast(key string, token int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Last == nil {
		s.Last = map[string]int64{}
	}
	s.Last[key] = token
}

// kept is what lies in a context's folder, by stem.
type kept struct {
	number, version int64
	stem            string
	closed          bool
}

// series lists the segments of a kind, the highest version of each.
func (s *Server) series(context, data, index, bloom string) (out []kept) {
	dir := filepath.Join(s.Root, "events", context)
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	have := map[string]bool{}
	for _, n := range names {
		have[n.Name()] = true
	}
	best := map[int64]kept{}
	for name := range have {
		stem, ok := strings.CutSuffix(name, data)
		if !ok {
			continue
		}
		number, version, _ := strings.Cut(stem, "_")
		k := kept{stem: stem, closed: have[stem+index] && have[stem+bloom]}
		k.number, _ = strconv.ParseInt(number, 10, 64)
		k.version, _ = strconv.ParseInt(version, 10, 64)
		if old, there := best[k.number]; !there || old.version < k.version {
			best[k.number] = k
		}
	}
	for _, k := range best {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b kept) int {
		if s.merged() {
			return int(a.number - b.number)
		}
		return int(b.number - a.number)
	})
	return out
}

func (s *Server) suffixes(w http.ResponseWriter, r *http.Request) (data, index, bloom string, ok bool) {
	switch r.URL.Query().Get("type") {
	case "EVENT":
		return ".events", ".index", ".bloom", true
	case "SNAPSHOT":
		return ".snapshots", ".sindex", ".sbloom", true
	case "":
		s.spring(w, r, 400, "Bad Request")
	default:
		if s.merged() {
			w.WriteHeader(400)
		} else {
			s.spring(w, r, 500, "Internal Server Error")
		}
	}
	return "", "", "", false
}

func number(r *http.Request, key string, or int64) (int64, bool) {
	v := r.URL.Query().Get(key)
	if v == "" {
		return or, true
	}
	n, err := strconv.ParseInt(v, 10, 64)
	return n, err == nil
}

func (s *Server) name(r *http.Request, key string) (string, bool) {
	name := r.URL.Query().Get(key)
	if name == "" {
		name = "default"
	}
	return name, slices.Contains(s.contexts(), name)
}

func (s *Server) eventstore(w http.ResponseWriter, r *http.Request) {
	data, index, bloom, ok := s.suffixes(w, r)
	if !ok {
		return
	}
	after, ok := number(r, "lastClosedSegmentBackedUp", -1)
	if !ok {
		s.spring(w, r, 500, "Internal Server Error")
		return
	}
	context, ok := s.name(r, "targetContext")
	if !ok {
		Axon(w, 503, "AXONIQ-6000", "Missing worker for context: "+context)
		return
	}
	files := []string{}
	last := int64(-1)
	all := s.series(context, data, index, bloom)
	for _, k := range all {
		if k.closed {
			last = max(last, k.number)
		} else {
			files = append(files, s.file(context, k.stem+data))
		}
	}
	files = append(files, s.above(context, all, after, data, index, bloom)...)
	s.json(w, map[string]any{"lastClosedSegment": last, "filenames": files})
}

// above lists closed segments above a number, or transformed ones, then their
// index files.
func (s *Server) above(context string, all []kept, after int64, data, index, bloom string) []string {
	var files, indexes []string
	for _, k := range all {
		if k.closed && (k.number > after || s.merged() && k.version > 0) {
			files = append(files, s.file(context, k.stem+data))
			indexes = append(indexes, s.file(context, k.stem+index), s.file(context, k.stem+bloom))
		}
	}
	return append(files, indexes...)
}

func (s *Server) file(context, name string) string {
	return s.shown(filepath.Join(s.Root, "events", context, name))
}

func (s *Server) filenames(w http.ResponseWriter, r *http.Request) {
	data, index, bloom, ok := s.suffixes(w, r)
	if !ok {
		return
	}
	after, ok := number(r, "lastSegmentBackedUp", -1)
	if !ok {
		s.spring(w, r, 500, "Internal Server Error")
		return
	}
	context, ok := s.name(r, "context")
	if !ok {
		s.json(w, []string{})
		return
	}
	s.json(w, append([]string{}, s.above(context, s.series(context, data, index, bloom), after, data, index, bloom)...))
}

func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	group := r.URL.Query().Get("context")
	if !slices.Contains(s.Groups, group) {
		Axon(w, 503, "AXONIQ-6000", "Missing worker for context: "+group)
		return
	}
	names, _ := os.ReadDir(filepath.Join(s.Root, "log", group))
	files := []string{}
	for _, n := range names {
		files = append(files, s.shown(filepath.Join(s.Root, "log", group, n.Name())))
	}
	s.json(w, files)
}

// Control is what a control database begins with.
const Control = "H:2,block:5,blockSize:1000,chunk:7,created:17c2b4,format:1,version:7,fletcher:2c5a8e1\n"

func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	dir := filepath.Join(s.Root, "controldb-backup")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("axonserver-controldb.mv.db")
	if err == nil {
		_, err = f.Write(append([]byte(Control), bytes.Repeat([]byte("users and contexts "), 5000)...))
	}
	s.mu.Lock()
	s.zips++
	name := fmt.Sprintf("controldb%d.zip", 1795262410761+s.zips)
	s.mu.Unlock()
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644)
	}
	if err != nil {
		Axon(w, 500, "AXONIQ-0001", "Failed to create directory: "+dir)
		return
	}
	w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
	at := s.shown(filepath.Join(dir, name))
	fmt.Fprint(w, path.Dir(path.Dir(at))+"/./"+path.Base(path.Dir(at))+"/"+name)
}
