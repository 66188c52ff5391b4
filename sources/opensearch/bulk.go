package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// bulkBytes and bulkDocuments are how much is sent at once.
	bulkBytes     = 4 << 20
	bulkDocuments = 2000
	// patience is how often a server that is too busy is asked again.
	patience = 8
)

// bulk sends documents to an index, many at a time.
type bulk struct {
	c     *client
	index string
	buf   bytes.Buffer
	ends  []int // of each document in buf
}

// document is a line of an exported index.
type document struct {
	ID      json.RawMessage `json:"_id"`
	Routing json.RawMessage `json:"_routing"`
	Source  json.RawMessage `json:"_source"`
}

// add takes a line of a captured index.
func (b *bulk) add(ctx context.Context, line []byte) error {
	var d document
	if err := json.Unmarshal(line, &d); err != nil {
		return err
	}
	if !isString(d.ID) || len(d.Source) == 0 || d.Source[0] != '{' || len(d.Routing) > 0 && !isString(d.Routing) {
		return errors.New("it is no document: it must have an _id, which is a text, and a _source, which is an object")
	}
	b.buf.WriteString(`{"index":{"_id":`)
	b.buf.Write(d.ID)
	if len(d.Routing) > 0 {
		b.buf.WriteString(`,"routing":`)
		b.buf.Write(d.Routing)
	}
	b.buf.WriteString("}}\n")
	if err := oneLine(&b.buf, d.Source); err != nil {
		return err
	}
	b.buf.WriteByte('\n')
	b.ends = append(b.ends, b.buf.Len())
	if b.buf.Len() >= bulkBytes || len(b.ends) >= bulkDocuments {
		return b.send(ctx)
	}
	return nil
}

func isString(p json.RawMessage) bool { return len(p) > 1 && p[0] == '"' }

// send sends what was added. What the server was too busy for is sent again.
func (b *bulk) send(ctx context.Context) error {
	for try := 0; len(b.ends) > 0; try++ {
		if try > 0 {
			if err := sleep(ctx, time.Duration(try)*250*time.Millisecond); err != nil {
				return err
			}
		}
		busy, err := b.once(ctx)
		switch {
		case isStatus(err, http.StatusTooManyRequests) && try < patience:
			continue
		case err != nil:
			return err
		case len(busy) > 0 && try >= patience:
			return fmt.Errorf("the search server is too busy for %d documents of %s", len(busy), b.index)
		}
		b.keep(busy)
	}
	return nil
}

// keep leaves only the documents of those numbers, for another try.
func (b *bulk) keep(numbers []int) {
	var left bytes.Buffer
	var ends []int
	for _, n := range numbers {
		begin := 0
		if n > 0 {
			begin = b.ends[n-1]
		}
		left.Write(b.buf.Bytes()[begin:b.ends[n]])
		ends = append(ends, left.Len())
	}
	b.buf.Reset()
	b.buf.Write(left.Bytes())
	b.ends = append(b.ends[:0], ends...)
}

// once sends all and returns the numbers of those that the server was too busy
// for. Any other failure of a document is an error.
func (b *bulk) once(ctx context.Context) (busy []int, err error) {
	var answer struct {
		Errors bool `json:"errors"`
		Items  []map[string]struct {
			ID     string `json:"_id"`
			Status int    `json:"status"`
			Error  struct {
				Type   string `json:"type"`
				Reason string `json:"reason"`
			} `json:"error"`
		} `json:"items"`
	}
	r := request{method: http.MethodPost, path: []string{b.index, "_bulk"}, query: "pipeline=_none", lines: bytes.NewReader(b.buf.Bytes()), long: true}
	if err := b.c.call(ctx, r, &answer); err != nil {
		return nil, err
	}
	if len(answer.Items) != len(b.ends) {
		return nil, fmt.Errorf("the search server answers for %d of %d documents", len(answer.Items), len(b.ends))
	}
	refused, first := 0, ""
	for i, item := range answer.Items {
		for _, x := range item {
			switch {
			case x.Status/100 == 2:
			case x.Status == http.StatusTooManyRequests:
				busy = append(busy, i)
			default:
				if refused++; refused == 1 {
					first = b.c.mask.Clean(fmt.Sprintf("%q: %s: %s", x.ID, x.Error.Type, x.Error.Reason))
				}
			}
		}
	}
	if refused > 0 || answer.Errors && len(busy) == 0 {
		return nil, fmt.Errorf("the search server refuses %d of %d documents of %s, the first one %s", refused, len(b.ends), b.index, first)
	}
	return busy, nil
}
