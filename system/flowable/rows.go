// Package flowable knows how Flowable keeps its data, and judges whether a
// captured database and captured documents fit together.
//
// Nouns:
//
//   - Rows are the rows of a captured database that tell of documents.
//   - Files are the files of a captured store of documents.
//   - A place is where Flowable keeps the file of a document, relative to the
//     root folder of its content.
//   - A Node is one running engine.
//
// Promise: rows and files are read while they are captured, so what is judged
// is what was taken; and each that does not fit is named.
package flowable

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path"
	"strconv"
	"strings"
	"sync"

	"ivyvault/sources"
	"ivyvault/sources/tables"
	"ivyvault/sources/tap"
)

// The tables that tell of documents.
const (
	itemTable       = "act_co_content_item"
	attachmentTable = "act_hi_attachment"
	bytesTable      = "act_ge_bytearray"
	objectTable     = "flw_co_content_object"
)

// wanted returns the columns that are read of a table.
func wanted(table string) []string {
	switch table {
	case itemTable:
		return []string{"id_", "name_", "content_store_id_", "content_store_name_", "content_available_", "content_size_"}
	case attachmentTable:
		return []string{"id_", "name_", "content_id_"}
	case bytesTable, objectTable:
		return []string{"id_"}
	}
	return nil
}

// item is a row of ACT_CO_CONTENT_ITEM whose content is there by its word.
type item struct {
	id, name string
	storeID  string // names the content within its store
	store    string // "file", "aws-s3", …
	size     int64  // -1 where the row has none
}

// attachment is a row of ACT_HI_ATTACHMENT that has a content.
type attachment struct {
	id, name string
	content  uint64 // a hash of the schema and the id of the byte array
}

// found is what one captured file tells.
type found struct {
	items       []item
	attachments []attachment
	arrays      map[uint64]struct{} // hashes of schemas and ids
	objects     map[string]struct{} // ids
}

// Rows are the rows of one captured database. The methods that are tap's may be
// called by many goroutines.
type Rows struct {
	Part string // the path of the part: "databases/flowable"

	seed    maphash.Seed
	mu      sync.Mutex
	columns map[string][]string // by file of a table: of PostgreSQL
	due     map[string]bool     // files that tell of documents, and whether they were read
	files   map[string]*found
	form    bool // it was captured in a form that is known here
	err     error
}

var _ tap.Watcher = (*Rows)(nil)

// NewRows watches a part that is a database.
func NewRows(part string) *Rows {
	r := &Rows{Part: part, seed: maphash.MakeSeed()}
	r.Begin()
	return r
}

// Begin forgets an earlier capture.
func (r *Rows) Begin() {
	r.columns, r.due, r.files, r.err = map[string][]string{}, map[string]bool{}, map[string]*found{}, nil
	r.form = false
}

// The forms in which rows come.
const (
	schemaFile = "schema.sql" // what PostgreSQL's tables are like
	scriptFile = "script.sql" // all of H2
	tablesDir  = "tables"     // of PostgreSQL (.dat) and MySQL (.sql)
)

// tableOf returns the table that a captured file holds, "" where it holds none
// of interest; a script may hold any.
func tableOf(p string) (table string, script bool) {
	if p == scriptFile {
		return scriptFile, true
	}
	dir, name := path.Split(p)
	ext := path.Ext(name)
	if dir != tablesDir+"/" || ext != ".dat" && ext != ".sql" {
		return "", false
	}
	name = strings.ToLower(strings.TrimSuffix(name, ext))
	name = name[strings.LastIndexByte(name, '.')+1:]
	if wanted(name) == nil {
		return "", false
	}
	return name, ext == ".sql"
}

// Entry notes which files there are, and reads what the tables are like.
func (r *Rows) Entry(ctx context.Context, e *sources.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if table, _ := tableOf(e.Path); table != "" && e.Attr.Type == sources.File {
		r.due[e.Path] = false
	}
	r.form = r.form || e.Path == schemaFile || e.Path == scriptFile || path.Dir(e.Path) == tablesDir
	if e.Path == schemaFile && e.Attr.Type == sources.File {
		if err := r.schema(ctx, e); err != nil {
			r.fail(e.Path, err)
		}
	}
}

// schema reads the definitions of PostgreSQL's tables.
func (r *Rows) schema(ctx context.Context, e *sources.Entry) error {
	in, err := e.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	s := newScriptReader(false, wanted)
	s.table = func(schema, table string, columns []string) {
		r.columns[strings.ToLower(tablesDir+"/"+tables.FileName(schema, table)+".dat")] = columns
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		if err := s.take(buf[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fail notes that something could not be looked at. The caller holds the lock.
func (r *Rows) fail(path string, err error) {
	r.err = errors.Join(r.err, fmt.Errorf("%s/%s: %w", r.Part, path, err))
}

// Lost needs no attention: a database that is not whole fails as a part.
func (r *Rows) Lost(string, error) {}

// Open returns who reads the rows of a file.
func (r *Rows) Open(p string) tap.Sink {
	table, script := tableOf(p)
	if table == "" {
		return nil
	}
	f := &found{arrays: map[uint64]struct{}{}, objects: map[string]struct{}{}}
	s := &sink{rows: r, path: p, found: f}
	if script {
		in := newScriptReader(p != scriptFile, wanted)
		in.row = func(schema, table string, v []value) { f.add(r.seed, schema, table, v) }
		s.take = in.take
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	columns, ok := r.columns[strings.ToLower(p)]
	if !ok {
		r.fail(p, errors.New("what columns it has does not stand in the schema"))
		return nil
	}
	schema := p[:len(p)-len(table+".dat")]
	in, err := newCopyReader(columns, wanted(table), func(v []value) { f.add(r.seed, schema, table, v) })
	if err != nil {
		r.fail(p, err)
		return nil
	}
	s.take = in.take
	return s
}

// sink reads one file.
type sink struct {
	rows  *Rows
	path  string
	found *found
	take  func([]byte) error
	err   error
}

var _ tap.Sink = (*sink)(nil)

// Take reads on.
func (s *sink) Take(p []byte) {
	if s.err == nil {
		s.err = s.take(p)
	}
}

// End keeps what was found. A file may be read more than once: the last counts.
func (s *sink) End(whole bool) {
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	switch {
	case s.err != nil:
		s.rows.fail(s.path, s.err)
	case whole:
		s.rows.files[s.path], s.rows.due[s.path] = s.found, true
	}
}

// add keeps what a row tells.
func (f *found) add(seed maphash.Seed, schema, table string, v []value) {
	hash := func(id string) uint64 { return maphash.String(seed, schema+"\x00"+id) }
	switch table {
	case itemTable:
		if !truth(v[4]) || v[2].null || v[2].text == "" {
			return
		}
		i := item{id: v[0].text, name: v[1].text, storeID: v[2].text, store: v[3].text, size: -1}
		if n := len(f.items); n > 0 && f.items[n-1].store == i.store {
			i.store = f.items[n-1].store // one string for all
		}
		if n, err := strconv.ParseInt(v[5].text, 10, 64); err == nil && !v[5].null {
			i.size = n
		}
		f.items = append(f.items, i)
	case attachmentTable:
		if !v[2].null && v[2].text != "" {
			f.attachments = append(f.attachments, attachment{v[0].text, v[1].text, hash(v[2].text)})
		}
	case bytesTable:
		f.arrays[hash(v[0].text)] = struct{}{}
	case objectTable:
		f.objects[v[0].text] = struct{}{}
	}
}

// truth reads a truth value in any database's words.
func truth(v value) bool {
	switch strings.ToLower(v.text) {
	case "", "f", "false", "0", "0x00", "00", "\x00":
		return false
	}
	return !v.null
}

// readable reports whether the database was captured in a form that shows its
// rows, and what went wrong with reading them.
func (r *Rows) readable() (bool, error) {
	if r.err != nil {
		return true, r.err
	}
	for p, read := range r.due {
		if !read {
			return true, fmt.Errorf("%s/%s: its rows were not read to their end", r.Part, p)
		}
	}
	return r.form, nil
}
