package flowable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"ivyvault/repo/backup"
	"ivyvault/sources"
	"ivyvault/sources/listing"
	"ivyvault/sources/tap"
)

// began is when the databases of these tests were captured.
var began = time.Unix(1_700_000_000, 0)

// watched reads all of a list of files as an archiver does, with a watcher.
func watched(t *testing.T, w tap.Watcher, list ...listing.File) {
	t.Helper()
	c, err := tap.New(captured(list), w).Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for e, err := range c.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Item == nil {
			continue
		}
		r, err := e.Open(t.Context())
		if err != nil {
			continue
		}
		_, err = io.Copy(io.Discard, r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

type captured []listing.File

func (c captured) Capture(context.Context) (sources.Capture, error) { return listed{c}, nil }

type listed struct{ files []listing.File }

func (l listed) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, l.files)
}
func (l listed) Close(context.Context) error { return nil }

func plain(name, content string) listing.File { return listing.Bytes(name, []byte(content), began) }

// postgresDump is a captured database with rows of ACT_CO_CONTENT_ITEM: id,
// store id, store, available, size.
func postgresDump(rows ...string) []listing.File {
	return []listing.File{
		plain("schema.sql", "CREATE TABLE public.act_co_content_item (\n    id_ character varying(255) NOT NULL,\n    content_store_id_ text,\n    content_store_name_ text,\n    content_available_ boolean DEFAULT false,\n    content_size_ bigint,\n    name_ text\n);\n"+
			"CREATE TABLE public.act_hi_attachment (id_ text, name_ text, content_id_ text);\nCREATE TABLE public.act_ge_bytearray (id_ text, bytes_ bytea);\nCREATE TABLE public.flw_co_content_object (id_ text);\n"),
		plain("tables/public.act_co_content_item.dat", strings.Join(append(rows, `\.`), "\n")+"\n\n"),
		plain("tables/public.act_hi_attachment.dat", "a1\tscan\tb1\na2\tlink\t\\N\n\\.\n\n"),
		plain("tables/public.act_ge_bytearray.dat", "b1\t\\\\x00\n\\.\n\n"),
		plain("tables/public.flw_co_content_object.dat", "db.1\ndb.2\n\\.\n\n"),
	}
}

func row5(id, storeID, store, available string, size int) string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\tname of %s", id, storeID, store, available, size, id)
}

const (
	u1 = "42e71c15-e5a6-11f1-9c09-02fc00000001"
	u2 = "42e71c15-e5a6-11f1-9c09-02fc00000002"
)

// Each kind of mismatch is named, on the side on which it belongs.
func TestCompare(t *testing.T) {
	sized := func(name string, n int) listing.File { return plain(name, strings.Repeat("x", n)) }
	late := func(f listing.File) listing.File { f.MTime = began.Add(time.Minute); return f }
	for _, c := range []struct {
		name      string
		rows      []string
		files     []listing.File
		noFolder  bool
		objects   []listing.File
		wrong     []string
		remarks   []string
		hasBucket bool
	}{
		{name: "all fits", rows: []string{row5("1", "task.7."+u1, "file", "t", 3), row5("2", "proc.8."+u1, "file", "t", 4), row5("3", "case.9."+u1, "", "t", 5), row5("4", "uncategorized."+u2, "file", "t", 6), row5("5", "invoice.3."+u2, "file", "t", 1), row5("6", "1048577", "file", "t", 2)},
			files:   []listing.File{sized("task-content/7/"+u1, 3), sized("process-instance-content/8/"+u1, 4), sized("cmmn/9/"+u1, 5), sized("uncategorized/"+u2, 6), sized("invoice/3/"+u2, 1), sized("0/1/0/1", 2)},
			remarks: []string{"7 contents that rows name were looked for: all were captured"}},
		{name: "a file is missing", rows: []string{row5("1", "task.7."+u1, "file", "t", 3)}, wrong: []string{`the row 1 ("name of 1") names the file task-content/7/` + u1 + ", which is not among those taken"}},
		{name: "it never had a content", rows: []string{row5("1", "task.7."+u1, "file", "f", 3), row5("2", `\N`, "file", "t", 0)}, remarks: []string{"1 contents that rows name"}},
		{name: "another size", rows: []string{row5("1", "task.7."+u1, "file", "t", 3)}, files: []listing.File{sized("task-content/7/"+u1, 4)}, wrong: []string{"says that its file has 3 bytes, and documents/content/task-content/7/" + u1 + " was captured with 4"}},
		{name: "files without rows", files: []listing.File{sized("task-content/7/"+u1, 3), late(sized("task-content/7/"+u2, 3)), sized("README", 1)},
			remarks: []string{"1 contents", u1 + " is older than the database's capture, and no row names it: it is left over", u2 + " is newer than the database's capture, and no row names it yet", "1 files are none of Flowable's"}},
		{name: "replaced meanwhile", rows: []string{row5("1", "task.7."+u1, "file", "t", 3)}, files: []listing.File{sized("task-content/7/task.7."+u1+"_OLD", 3), sized("task-content/7/task.7."+u1+"_TEMP", 2)},
			remarks: []string{"1 contents", "2 contents", "was being replaced: it was captured as documents/content/task-content/7/task.7." + u1 + "_OLD, and has to be renamed to " + u1, "_TEMP is of a document that was being replaced"}},
		{name: "replaced by another size", rows: []string{row5("1", "task.7."+u1, "file", "t", 3)}, files: []listing.File{sized("task-content/7/task.7."+u1+"_TEMP", 2)}, wrong: []string{"not among those taken"},
			remarks: []string{"_TEMP is of a document that was being replaced"}},
		{name: "no folder is captured", noFolder: true, rows: []string{row5("1", "task.7."+u1, "file", "t", 3), row5("2", "task.7."+u2, "file", "t", 3)}, wrong: []string{"2 rows of ACT_CO_CONTENT_ITEM name files, and the root folder of the content"}},
		{name: "ids that lead out", rows: []string{row5("1", "task.../../x", "file", "t", 3), row5("2", "99999999999999", "file", "t", 1)}, wrong: []string{"can be no file of Flowable's", "can be no file of Flowable's"}},
		{name: "in the database", rows: []string{row5("1", "db.1", "db", "t", 3), row5("2", "db.9", "db", "t", 3)}, wrong: []string{"the row 2 (\"name of 2\") names the content db.9, which is not in databases/x, FLW_CO_CONTENT_OBJECT"}},
		{name: "in a bucket", hasBucket: true, rows: []string{row5("1", "task.7."+u1, "aws-s3", "t", 3), row5("2", "task.7."+u2, "aws-s3", "t", 3)}, objects: []listing.File{sized("some/prefix/"+u1, 4)},
			wrong: []string{"says that its content has 3 bytes, and it was captured from documents/bucket with 4", "which is not in documents/bucket"}},
		{name: "in a bucket whose names are not known", hasBucket: true, rows: []string{row5("1", "task.7."+u1, "aws-s3", "t", 3)}, objects: []listing.File{sized("elsewhere", 4)}, remarks: []string{"1 contents", "none of the 1 contents that rows name was found in documents/bucket"}},
		{name: "in a bucket that is not captured", rows: []string{row5("1", "x", "aws-s3", "t", 3)}, wrong: []string{`1 rows name contents in the store "aws-s3", of which nothing is captured`}},
		{name: "in a store of the project's own", rows: []string{row5("1", "x", "sharepoint", "t", 3)}, remarks: []string{"1 contents", `in the store "sharepoint", which is none that is known here`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Pair{Rows: []*Rows{NewRows("databases/x")}}
			outcomes := []backup.Outcome{{Path: "databases/x", Began: began}}
			watched(t, p.Rows[0], postgresDump(c.rows...)...)
			if !c.noFolder {
				p.Files = append(p.Files, NewFiles("documents/content", true))
				outcomes = append(outcomes, backup.Outcome{Path: "documents/content", Began: began})
				watched(t, p.Files[0], c.files...)
			}
			if c.hasBucket {
				f := NewFiles("documents/bucket", false)
				p.Files = append(p.Files, f)
				outcomes = append(outcomes, backup.Outcome{Path: f.Part, Began: began})
				watched(t, f, c.objects...)
			}
			wrong, remarks, err := p.Compare(t.Context(), outcomes)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, "wrong", wrong, c.wrong)
			if len(c.wrong) == 0 || len(c.remarks) > 0 {
				every(t, remarks, c.remarks)
			}
		})
	}
}

// agree expects as many sentences as there are wanted, each with its text.
func agree(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d are named, want %d:\n%s", what, len(got), len(want), strings.Join(got, "\n"))
	}
	every(t, got, want)
}

// every expects each remark to be one that is wanted.
func every(t *testing.T, got, want []string) {
	t.Helper()
	for _, g := range got {
		ok := false
		for _, w := range want {
			ok = ok || strings.Contains(g, w)
		}
		if !ok {
			t.Errorf("not wanted: %s", g)
		}
	}
	if len(got) == 0 && len(want) > 0 {
		t.Errorf("nothing is named, want %q", want)
	}
}

// A part that failed, or whose server keeps its rows to itself, proves nothing.
func TestCompareWithout(t *testing.T) {
	fill := func() Pair {
		p := Pair{[]*Rows{NewRows("databases/x")}, []*Files{NewFiles("documents/content", true)}}
		watched(t, p.Rows[0], postgresDump(row5("1", "task.7."+u1, "file", "t", 3))...)
		return p
	}
	db, docs := backup.Outcome{Path: "databases/x", Began: began}, backup.Outcome{Path: "documents/content", Began: began}
	failed := func(o backup.Outcome) backup.Outcome { o.Err = errors.New("it is gone"); return o }
	for name, c := range map[string]struct {
		pair   Pair
		list   []backup.Outcome
		remark string
	}{
		"the documents failed": {fill(), []backup.Outcome{db, failed(docs)}, "the part documents/content was not captured"},
		"the database failed":  {fill(), []backup.Outcome{failed(db), docs}, "the part databases/x was not captured"},
		"no rows to be seen": {func() Pair {
			p := fill()
			watched(t, p.Rows[0], plain("claims.bak", "MTF"))
			return p
		}(), []backup.Outcome{db, docs}, "shows no rows"},
	} {
		wrong, remarks, err := c.pair.Compare(t.Context(), c.list)
		if err != nil || len(wrong) > 0 || len(remarks) != 1 || !strings.Contains(remarks[0], c.remark) {
			t.Errorf("%s: wrong %q, remarks %q, %v", name, wrong, remarks, err)
		}
	}
	// What can't be read is no agreement.
	p := fill()
	broken := postgresDump("too\tshort")
	watched(t, p.Rows[0], broken...)
	if _, _, err := p.Compare(t.Context(), []backup.Outcome{db, docs}); err == nil || !strings.Contains(err.Error(), "databases/x/tables/public.act_co_content_item.dat: a row has 2 values") {
		t.Errorf("rows that are cut off: %v", err)
	}
	p.Rows[0].Begin()
	p.Rows[0].Entry(t.Context(), &sources.Entry{Path: "tables/public.act_co_content_item.dat", Attr: sources.Attr{Type: sources.File}})
	if _, _, err := p.Compare(t.Context(), []backup.Outcome{db, docs}); err == nil || !strings.Contains(err.Error(), "not read to their end") {
		t.Errorf("rows that nobody read: %v", err)
	}
}

// The rows of a real content engine fit the files that it wrote.
func TestCompareH2(t *testing.T) {
	script, err := os.ReadFile("testdata/content-h2-1.4.200.sql")
	if err != nil {
		t.Fatal(err)
	}
	p := Pair{[]*Rows{NewRows("databases/x")}, []*Files{NewFiles("documents/content", true)}}
	watched(t, p.Rows[0], plain("script.sql", string(script)))
	var files []listing.File
	for _, name := range []string{"cmmn/c-3001/42e93efb-e5a6-11f1-9c09-02fc00000001", "process-instance-content/p-2001/42e87ba7-e5a6-11f1-9c09-02fc00000001",
		"process-instance-content/p-2001/42e8c9c9-e5a6-11f1-9c09-02fc00000001", "task-content/t-1001/42e71c15-e5a6-11f1-9c09-02fc00000001", "uncategorized/42e9660d-e5a6-11f1-9c09-02fc00000001"} {
		files = append(files, plain(name, string(bytes.Repeat([]byte{'x'}, 3013))))
	}
	outcomes := []backup.Outcome{{Path: "databases/x", Began: began}, {Path: "documents/content", Began: began}}
	watched(t, p.Files[0], files...)
	wrong, remarks, err := p.Compare(t.Context(), outcomes)
	if err != nil || len(wrong) > 0 || len(remarks) == 0 || !strings.Contains(remarks[0], "contents that rows name were looked for: all were captured") {
		t.Errorf("wrong %q, remarks %q, %v", wrong, remarks, err)
	}
	watched(t, p.Files[0], files[1:]...)
	if wrong, _, _ := p.Compare(t.Context(), outcomes); len(wrong) != 1 || !strings.Contains(wrong[0], "cmmn/c-3001/42e93efb") {
		t.Errorf("wrong: %q", wrong)
	}
}

func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		bad    string
	}{
		{200, `{"status":"UP","components":{"db":{"status":"UP"}}}`, ""},
		{503, `{"status":"DOWN","components":{"db":{"status":"DOWN"},"ping":{"status":"UP"},"elasticsearch":{"status":"OUT_OF_SERVICE"}}}`, "DOWN: db is DOWN, elasticsearch is OUT_OF_SERVICE"},
		{503, `{"status":"DOWN"}`, "says that it is DOWN"},
		{302, ``, "status 302, and no word on its health"},
		{200, `<html>log in</html>`, "no word on its health"},
	} {
		said, err := Answer(c.status, []byte(c.body))
		if c.bad == "" && (err != nil || said != "UP") || c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)) {
			t.Errorf("%d %s: %q, %v", c.status, c.body, said, err)
		}
	}
	for base, want := range map[string]string{"http://a:1/work": "http://a:1/work/actuator/health", "http://a:1/": "http://a:1/actuator/health", "http://a:1/x/actuator/health": "http://a:1/x/actuator/health"} {
		if got := HealthURL(base); got != want {
			t.Errorf("%s becomes %s", base, got)
		}
	}
}

func TestVersion(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		if r.URL.Path != "/flowable-rest/service/management/engine" || !ok || user != "rest" || password != "test" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"name":"default","version":"7.2.0"}`)
	}))
	defer s.Close()
	if v, err := Version(t.Context(), s.URL+"/flowable-rest", "rest:test"); v != "7.2.0" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	if v, err := Version(t.Context(), s.URL+"/flowable-rest", "bearer's token"); v != "" || err == nil || strings.Contains(err.Error(), "bearer's token") {
		t.Errorf("%q, %v", v, err)
	}
}

// Only a refusal proves that a node is down.
func TestRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + l.Addr().String() + "/work"
	if err := Refused(t.Context(), at); err == nil || !strings.Contains(err.Error(), "still accepts connections") {
		t.Errorf("a node that accepts: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Refused(t.Context(), at); err != nil {
		t.Errorf("a node that is down: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Refused(ctx, at); err == nil {
		t.Error("nobody looked, and it counts as down")
	}
}
