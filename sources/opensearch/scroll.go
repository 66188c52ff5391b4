package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// sortable is up to how many documents an index is read in the order of
	// ids. The server holds all ids in memory for that, so larger ones are read
	// in the order in which they lie.
	sortable = 200_000
	// kept is how long the server keeps the view of an index between two pages.
	kept = "15m"
	// pageBytes is how large a page is meant to be, in bytes on the server's disk.
	pageBytes = 2 << 20
)

// hit is a document as a search delivers it. What is not looked into stays as
// it came, so that no digit and no character is lost.
type hit struct {
	ID      json.RawMessage `json:"_id"`
	Routing json.RawMessage `json:"_routing"`
	Source  json.RawMessage `json:"_source"`
}

// scroll reads all documents of an index, as they were when it began, one after
// the other. It serves one goroutine.
type scroll struct {
	ctx   context.Context
	c     *client
	index string
	size  int  // documents a page
	byID  bool // in the order of ids

	id    string // by which the server knows it
	body  io.ReadCloser
	dec   *json.Decoder
	page  int   // documents of this page so far
	done  int64 // documents so far
	total int64 // that the server has promised
}

func newScroll(ctx context.Context, c *client, x *index) *scroll {
	size := int64(2000)
	if x.docs > 0 && x.bytes > 0 {
		size = min(size, max(10, pageBytes/max(1, x.bytes/x.docs)))
	}
	return &scroll{ctx: ctx, c: c, index: x.name, size: int(size), byID: x.docs <= sortable, total: -1}
}

// next returns the next document; io.EOF says that all were delivered.
func (s *scroll) next() (hit, error) {
	for {
		if s.dec == nil {
			if err := s.turn(); err != nil {
				return hit{}, err
			}
		}
		if s.dec.More() {
			var h hit
			if err := s.dec.Decode(&h); err != nil {
				return h, s.broken(err)
			}
			if !isString(h.ID) || len(h.Routing) > 0 && string(h.Routing) != "null" && !isString(h.Routing) {
				return h, s.broken(errors.New("a document has no id that is a text"))
			}
			if len(h.Source) == 0 || string(h.Source) == "null" {
				return h, fmt.Errorf("the search server delivers a document of %s without its source: it can't be exported, choose method: snapshot", s.index)
			}
			s.page++
			s.done++
			return h, nil
		}
		if err := s.leave(); err != nil {
			return hit{}, err
		}
		if s.page > 0 {
			continue
		}
		if s.done != s.total {
			return hit{}, fmt.Errorf("the search server delivered %d of the %d documents of %s", s.done, s.total, s.index)
		}
		return hit{}, io.EOF
	}
}

// turn asks for the next page and reads up to its first document.
func (s *scroll) turn() error {
	r := request{method: http.MethodPost, path: []string{s.index, "_search"}, query: "scroll=" + kept + "&allow_partial_search_results=false"}
	order := "_doc"
	if s.byID {
		order = "_id"
	}
	r.body = map[string]any{"size": s.size, "sort": []string{order}, "track_total_hits": true}
	if s.id != "" {
		r = request{method: http.MethodPost, path: []string{"_search", "scroll"}, body: map[string]string{"scroll": kept, "scroll_id": s.id}}
	}
	res, err := s.c.send(s.ctx, r)
	if s.id == "" && s.byID && notSortable(err) {
		s.byID = false
		return s.turn()
	}
	if err != nil {
		return fmt.Errorf("%s: after %d documents: %w", s.index, s.done, err)
	}
	s.body, s.dec, s.page = res.Body, json.NewDecoder(res.Body), 0
	return s.enter()
}

// notSortable tells whether a server may not sort by ids.
func notSortable(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status/100 == 4 && strings.Contains(strings.ToLower(e.Reason), "fielddata")
}

// enter reads until the first document of a page.
func (s *scroll) enter() error {
	if err := s.expect('{'); err != nil {
		return err
	}
	for s.dec.More() {
		name, err := s.dec.Token()
		if err != nil {
			return s.broken(err)
		}
		if name != "hits" {
			if err := s.aside(name); err != nil {
				return err
			}
			continue
		}
		if err := s.expect('{'); err != nil {
			return err
		}
		for s.dec.More() {
			name, err := s.dec.Token()
			if err != nil {
				return s.broken(err)
			}
			if name == "hits" {
				return s.expect('[')
			}
			if err := s.aside(name); err != nil {
				return err
			}
		}
		break
	}
	return s.broken(errors.New("there are no hits in it"))
}

// aside reads a member that is not the documents.
func (s *scroll) aside(name json.Token) error {
	var v json.RawMessage
	if err := s.dec.Decode(&v); err != nil {
		return s.broken(err)
	}
	switch name {
	case "_scroll_id":
		return s.understood(json.Unmarshal(v, &s.id))
	case "timed_out":
		if string(v) != "false" {
			return fmt.Errorf("the search server ran out of time at %s after %d documents", s.index, s.done)
		}
	case "_shards":
		var n shards
		if err := json.Unmarshal(v, &n); err != nil || n.Failed > 0 {
			return fmt.Errorf("%s can't be read to its end: %s", s.index, n)
		}
	case "total":
		if s.total >= 0 {
			return nil
		}
		var n struct {
			Value int64 `json:"value"`
		}
		err := json.Unmarshal(v, &n)
		s.total = n.Value
		return s.understood(err)
	}
	return nil
}

// leave reads what follows the documents of a page.
func (s *scroll) leave() error {
	if err := s.expect(']'); err != nil {
		return err
	}
	for range 2 { // the end of hits, the end of the answer
		for s.dec.More() {
			name, err := s.dec.Token()
			if err != nil {
				return s.broken(err)
			}
			if err := s.aside(name); err != nil {
				return err
			}
		}
		if err := s.expect('}'); err != nil {
			return err
		}
	}
	s.dec = nil
	_, _ = io.Copy(io.Discard, io.LimitReader(s.body, 4096)) // so that the connection can be used again
	if err := s.body.Close(); err != nil {
		return s.broken(err)
	}
	s.body = nil
	if s.id == "" || s.total < 0 {
		return s.broken(errors.New("it lacks _scroll_id or total"))
	}
	return nil
}

func (s *scroll) expect(d json.Delim) error {
	t, err := s.dec.Token()
	if err != nil {
		return s.broken(err)
	}
	if t != d {
		return s.broken(fmt.Errorf("there is %v where %v should be", t, d))
	}
	return nil
}

func (s *scroll) understood(err error) error {
	if err != nil {
		return s.broken(err)
	}
	return nil
}

// broken says that an answer ended or is not what it should be.
func (s *scroll) broken(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s: after %d documents the search server answers with what is not understood: %w", s.index, s.done, err)
	}
	return fmt.Errorf("%s: after %d documents: %w", s.index, s.done, s.c.unreachable(s.ctx, err))
}

// parting is how long the server may take to let go of a scroll.
const parting = 5 * time.Second

// close has the server let go of the view. It works after the context ended.
func (s *scroll) close() error {
	if s.body != nil {
		s.body.Close()
		s.body = nil
	}
	if s.id == "" {
		return nil
	}
	id := s.id
	s.id = ""
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), parting)
	defer cancel()
	err := s.c.call(ctx, request{method: http.MethodDelete, path: []string{"_search", "scroll"}, body: map[string][]string{"scroll_id": {id}}}, nil)
	if isStatus(err, http.StatusNotFound) {
		return nil // it ran out
	}
	return err
}

// line writes a document as one line: {"_id":…,"_routing":…,"_source":…}.
func (h *hit) line(to *bytes.Buffer) error {
	to.WriteString(`{"_id":`)
	to.Write(h.ID)
	if len(h.Routing) > 0 && string(h.Routing) != "null" {
		to.WriteString(`,"_routing":`)
		to.Write(h.Routing)
	}
	to.WriteString(`,"_source":`)
	if err := oneLine(to, h.Source); err != nil {
		return err
	}
	to.WriteString("}\n")
	return nil
}

// oneLine writes JSON without line ends. Texts in it hold none as such, so what
// has none is written as it came.
func oneLine(to *bytes.Buffer, p json.RawMessage) error {
	if bytes.ContainsAny(p, "\r\n") {
		return json.Compact(to, p)
	}
	to.Write(p)
	return nil
}
