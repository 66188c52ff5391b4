package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"path"
	"sync"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/listing"
)

// The files of an index in a captured tree, below folder(name).
const (
	mappingsName  = "mappings.json"
	settingsName  = "settings.json"
	aliasesName   = "aliases.json"
	documentsName = "documents.ndjson"
)

func folder(index string) string { return path.Join("indices", index) }

// descriptions are the files of an index that describe it.
func (x *index) descriptions() []listing.File {
	return []listing.File{
		listing.Bytes(path.Join(folder(x.name), mappingsName), x.mappings, x.madeAt),
		listing.Bytes(path.Join(folder(x.name), settingsName), x.settings, x.madeAt),
		listing.Bytes(path.Join(folder(x.name), aliasesName), x.aliases, x.madeAt),
	}
}

// export is a capture by reading all documents. Each index is read at one point
// in time, when its file is opened.
type export struct {
	p     *Part
	c     *client
	s     *survey
	files []listing.File

	mu   sync.Mutex
	read map[string]int64 // documents, of the indices that were read to their end
	open map[*documents]bool
	err  error // of a reading that failed; the first one
}

var (
	_ sources.Capture   = (*export)(nil)
	_ sources.Described = (*export)(nil)
)

func (p *Part) export(ctx context.Context, c *client, s *survey) (sources.Capture, error) {
	e := &export{p: p, c: c, s: s, read: map[string]int64{}, open: map[*documents]bool{}}
	var newest time.Time
	for i := range s.indices {
		x := &s.indices[i]
		if err := x.exportable(); err != nil {
			return nil, err
		}
		if x.madeAt.After(newest) {
			newest = x.madeAt
		}
		// What was written in the last second is searchable only after this.
		if err := c.call(ctx, request{method: http.MethodPost, path: []string{x.name, "_refresh"}}, nil); err != nil && !isStatus(err, http.StatusForbidden) {
			return nil, err
		}
		var err error
		if x.docs, x.writes, err = count(ctx, c, x.name); err != nil {
			return nil, err
		}
		e.files = append(e.files, x.descriptions()...)
		e.files = append(e.files, listing.File{
			Path: path.Join(folder(x.name), documentsName), MTime: x.madeAt,
			Open: func(ctx context.Context) (io.ReadCloser, error) { return e.documents(ctx, x), nil },
		})
	}
	r, err := newRecord(ByExport, s).file(newest)
	if err != nil {
		return nil, err
	}
	e.files = append(e.files, r)
	return e, nil
}

// exportable says why an index can't be exported whole, if so.
func (x *index) exportable() error {
	if x.closed {
		return fmt.Errorf("the index %s is closed, so its documents can't be read: open it, leave it out of indices, or choose method: snapshot", x.name)
	}
	var m struct {
		Source struct {
			Enabled  *bool    `json:"enabled"`
			Includes []string `json:"includes"`
			Excludes []string `json:"excludes"`
		} `json:"_source"`
	}
	if err := json.Unmarshal(x.mappings, &m); err != nil {
		return fmt.Errorf("the mappings of %s are not understood: %w", x.name, err)
	}
	if m.Source.Enabled != nil && !*m.Source.Enabled || len(m.Source.Includes)+len(m.Source.Excludes) > 0 {
		return fmt.Errorf("the index %s does not keep all of its documents (_source in its mappings), so an export would lose some: choose method: snapshot or rebuild", x.name)
	}
	return nil
}

func (e *export) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return listing.Entries(ctx, e.files)
}

// Facts fails where an index was not read to its end.
func (e *export) Facts(ctx context.Context) (sources.Facts, error) {
	f := e.s.facts(ByExport)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return f, e.err
	}
	f.Consistency = sources.Quiesced
	for i := range e.s.indices {
		x := &e.s.indices[i]
		n, ok := e.read[x.name]
		if !ok {
			return f, fmt.Errorf("the documents of %s were not read to their end", x.name)
		}
		docs, writes, err := count(ctx, e.c, x.name)
		if err != nil {
			return f, err
		}
		f.Counts[x.name] = n
		if docs != n || x.docs != n || writes != x.writes {
			f.Consistency = sources.Hot
			f.Notes = append(f.Notes, fmt.Sprintf("%s was written while it was read: %d documents before, %d captured, %d afterwards", x.name, x.docs, n, docs))
		}
	}
	f.Checks = append(f.Checks, sources.Check{Name: "every index was read to its end", OK: true, Said: fmt.Sprintf("%d indices", len(e.read))})
	f.Notes = append(f.Notes, "each index is as it was at one moment, not all of them at the same; versions and sequence numbers of documents begin anew where it is restored")
	return f, nil
}

// Close lets go of what the server keeps for readings that were broken off.
func (e *export) Close(context.Context) error {
	e.mu.Lock()
	var left []*documents
	for d := range e.open {
		left = append(left, d)
	}
	e.mu.Unlock()
	var errs []error
	for _, d := range left {
		errs = append(errs, d.Close())
	}
	e.c.close()
	return errors.Join(errs...)
}

// documents is the content of one index, a document a line.
type documents struct {
	e      *export
	x      *index
	scroll *scroll
	buf    bytes.Buffer
	err    error // io.EOF at the end
	once   sync.Once
}

func (e *export) documents(ctx context.Context, x *index) *documents {
	d := &documents{e: e, x: x, scroll: newScroll(ctx, e.c, x)}
	e.mu.Lock()
	e.open[d] = true
	e.mu.Unlock()
	return d
}

// enough is how many bytes of lines are made at once.
const enough = 64 << 10

func (d *documents) Read(p []byte) (int, error) {
	if d.buf.Len() == 0 {
		d.buf.Reset()
		for d.err == nil && d.buf.Len() < enough {
			d.err = d.more()
		}
	}
	if d.buf.Len() > 0 {
		return d.buf.Read(p)
	}
	return 0, d.err
}

func (d *documents) more() error {
	h, err := d.scroll.next()
	if err == nil {
		return h.line(&d.buf)
	}
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	if err == io.EOF {
		d.e.read[d.x.name] = d.scroll.done
	} else if d.e.err == nil {
		d.e.err = err
	}
	return err
}

// Close lets go of the view on the server. After a server that died it has
// nothing to add to what Read said.
func (d *documents) Close() (err error) {
	d.once.Do(func() {
		d.e.mu.Lock()
		delete(d.e.open, d)
		d.e.mu.Unlock()
		if e := d.scroll.close(); d.err == nil || d.err == io.EOF {
			err = e
		}
	})
	return err
}
