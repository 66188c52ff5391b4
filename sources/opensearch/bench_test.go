package opensearch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// page is an answer of n documents of about 500 bytes.
func page(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"_scroll_id":"x","timed_out":false,"_shards":{"total":1,"successful":1,"failed":0},"hits":{"total":{"value":%d},"hits":[`, n)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		source, _ := json.Marshal(map[string]any{"n": i, "text": strings.Repeat("case of the claims department, ", 14)})
		fmt.Fprintf(&b, `{"_index":"i","_id":"%d","_score":null,"_source":%s,"sort":["%d"]}`, i, source, i)
	}
	b.WriteString("]}}")
	return b.Bytes()
}

// inTurn answers the first request with a page and the second with the end.
type inTurn struct {
	pages [][]byte
	n     *int
}

func (a inTurn) RoundTrip(*http.Request) (*http.Response, error) {
	p := a.pages[min(*a.n, len(a.pages)-1)]
	*a.n++
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(p))}, nil
}

func BenchmarkExport(b *testing.B) {
	const docs = 2000
	base, err := (&Config{URL: Bundled}).base()
	if err != nil {
		b.Fatal(err)
	}
	pages := [][]byte{page(docs), []byte(strings.Replace(standInEnd, `"value":2`, fmt.Sprintf(`"value":%d`, docs), 1))}
	b.SetBytes(int64(len(pages[0])))
	for b.Loop() {
		n := 0
		e := &export{c: &client{base: base, http: &http.Client{Transport: inTurn{pages, &n}}}, read: map[string]int64{}, open: map[*documents]bool{}}
		if _, err := io.Copy(io.Discard, e.documents(context.Background(), &index{name: "x", docs: docs})); err != nil {
			b.Fatal(err)
		}
		if e.read["x"] != docs {
			b.Fatalf("%d documents", e.read["x"])
		}
	}
}

func BenchmarkBulk(b *testing.B) {
	line := []byte(`{"_id":"4711","_source":{"n":1,"text":"` + strings.Repeat("case of the claims department, ", 14) + `"}}`)
	b.SetBytes(int64(len(line)))
	x := &bulk{index: "x"}
	for b.Loop() {
		if len(x.ends) == bulkDocuments-1 {
			x.keep(nil)
		}
		if err := x.add(context.Background(), line); err != nil {
			b.Fatal(err)
		}
	}
}
