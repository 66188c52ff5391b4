package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"format":1,"method":"export","product":"OpenSearch","version":"2.19.6","indices":[{"name":"x","documents":3}]}`))
	f.Add([]byte(`{"format":1,"method":"snapshot","snapshot":{"name":"s","generation":1},"indices":null}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		r, err := readRecord(fstest.MapFS{recordName: &fstest.MapFile{Data: p}})
		if err != nil {
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readRecord(fstest.MapFS{recordName: &fstest.MapFile{Data: out}})
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if b, err := json.Marshal(again); err != nil || !bytes.Equal(out, b) {
			t.Errorf("%s becomes %s, %v", out, b, err)
		}
	})
}

// FuzzScroll reads any answer as a page; what comes out as a line can be sent
// as a document, and is the same then.
func FuzzScroll(f *testing.F) {
	f.Add([]byte(standInPage))
	f.Add([]byte(standInEnd))
	f.Add([]byte(`{"hits":{"hits":[{"_id":"\u0000\n","_routing":"r","_source":{"a": 1.50 }}],"total":{"value":1}},"_scroll_id":"x"}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		s := newScroll(context.Background(), &client{base: mustBase(t), http: &http.Client{Transport: once{p}}}, &index{name: "x"})
		for range 1000 {
			h, err := s.next()
			if err != nil {
				return
			}
			var line bytes.Buffer
			if err := h.line(&line); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(line.Bytes(), []byte("\n")); n != 1 {
				t.Errorf("a document takes %d lines: %q", n, &line)
			}
			if !json.Valid(line.Bytes()) {
				t.Errorf("%q is no JSON", &line)
			}
		}
	})
}

func FuzzBulk(f *testing.F) {
	f.Add([]byte(`{"_id":"1","_routing":"r","_source":{"n":1}}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		if bytes.ContainsRune(p, '\n') {
			return // lines hold none
		}
		b := &bulk{index: "x"}
		if b.add(context.Background(), p) != nil {
			return
		}
		lines := strings.Split(b.buf.String(), "\n")
		if len(lines) != 3 || !json.Valid([]byte(lines[0])) || !json.Valid([]byte(lines[1])) || lines[2] != "" {
			t.Errorf("%q becomes %q", p, lines)
		}
	})
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"number_of_shards":"1","version":{"created":"136408427"},"blocks":{"write":"true"}}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		first, then, err := newSettings(p, release{Product: openSearch})
		if err != nil {
			return
		}
		for _, m := range []map[string]any{first, then} {
			for k := range m {
				if !strings.HasPrefix(k, "index.") || strings.HasPrefix(k, "index.version.") {
					t.Errorf("%q becomes the setting %q", p, k)
				}
			}
		}
	})
}

// once answers every request with the same bytes.
type once struct{ p []byte }

func (o once) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(o.p))}, nil
}

func mustBase(t *testing.T) *url.URL {
	t.Helper()
	u, err := (&Config{URL: Bundled}).base()
	if err != nil {
		t.Fatal(err)
	}
	return u
}
