package azure

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"ivyvault/sources/objects"
)

// metaPrefix begins the headers of user metadata.
const metaPrefix = "x-ms-meta-"

// Open asks for the content of a blob, and for its tags where it has any.
func (b *bucket) Open(ctx context.Context, o objects.Object, off int64) (*objects.Body, error) {
	r := request{method: "GET", what: fmt.Sprintf("read the blob %q of %s", o.Key, b.where()), blob: o.Key, header: map[string]string{}}
	if o.ETag != "" {
		r.header["If-Match"] = `"` + o.ETag + `"`
	}
	if off > 0 {
		r.header["x-ms-range"] = fmt.Sprintf("bytes=%d-", off)
	}
	resp, err := b.do(ctx, r)
	if err != nil {
		return nil, err
	}
	if off > 0 && resp.StatusCode != http.StatusPartialContent {
		resp.Body.Close()
		return nil, fmt.Errorf("the server gives no parts of blobs, so %q can't be read on", o.Key)
	}
	h := resp.Header
	got := objects.Object{Key: o.Key, Size: resp.ContentLength + off, ETag: strings.Trim(h.Get("ETag"), `"`)}
	got.Modified, _ = http.ParseTime(h.Get("Last-Modified")) // zero says that it isn't known
	body := &objects.Body{ReadCloser: resp.Body, Object: got, Meta: objects.Metadata{
		ContentType: h.Get("Content-Type"), ContentEncoding: h.Get("Content-Encoding"), ContentLanguage: h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"), CacheControl: h.Get("Cache-Control"),
	}}
	for k := range h {
		if name, ok := strings.CutPrefix(strings.ToLower(k), metaPrefix); ok {
			if body.Meta.User == nil {
				body.Meta.User = map[string]string{}
			}
			body.Meta.User[name] = h.Get(k)
		}
	}
	if n := h.Get("x-ms-tag-count"); off == 0 && n != "" && n != "0" {
		b.tags(ctx, o.Key, &body.Meta)
	}
	return body, nil
}

// tags reads a blob's tags. That they may not be read fails nothing.
func (b *bucket) tags(ctx context.Context, name string, m *objects.Metadata) {
	var said struct {
		Tags []struct{ Key, Value string } `xml:"TagSet>Tag"`
	}
	resp, err := b.do(ctx, request{method: "GET", what: "read tags", blob: name, query: url.Values{"comp": {"tags"}}})
	if err == nil {
		err = xml.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&said)
		resp.Body.Close()
	}
	if err != nil {
		m.Said = "its tags can't be read"
		return
	}
	m.Tags = map[string]string{}
	for _, t := range said.Tags {
		m.Tags[t.Key] = t.Value
	}
}
