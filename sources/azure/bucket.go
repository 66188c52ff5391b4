package azure

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ivyvault/sources/objects"
)

// page is what a list request answers.
type page struct {
	Blobs []struct {
		Name struct {
			Encoded bool   `xml:"Encoded,attr"`
			Text    string `xml:",chardata"`
		}
		Deleted    bool
		Properties struct {
			Modified string `xml:"Last-Modified"`
			ETag     string `xml:"Etag"`
			Size     int64  `xml:"Content-Length"`
		}
	} `xml:"Blobs>Blob"`
	NextMarker string
}

// maxPage bounds the answer to a list request, in bytes.
const maxPage = 64 << 20

// Look lists one blob: a signature for a container allows nothing else that
// tells whether it is there.
func (b *bucket) Look(ctx context.Context) (objects.About, error) {
	about := objects.About{Product: "Azure Blob Storage", Where: b.where(),
		Details: map[string]string{"account": b.account, "container": b.container, "endpoint": b.base.Redacted()},
		Notes:   []string{"the present blobs are captured; snapshots, versions and deleted blobs are not, and page and append blobs go back as block blobs"}}
	_, server, err := b.page(ctx, "", "", 1)
	about.Version = server
	return about, err
}

// List pages through the names.
func (b *bucket) List(ctx context.Context, prefix string, limit int) iter.Seq2[objects.Object, error] {
	return func(yield func(objects.Object, error) bool) {
		marker := ""
		for n := 0; ; {
			p, _, err := b.page(ctx, prefix, marker, limit)
			if err != nil {
				yield(objects.Object{}, err)
				return
			}
			for i := range p.Blobs {
				x := &p.Blobs[i]
				o := objects.Object{Key: x.Name.Text, Size: x.Properties.Size, ETag: strings.Trim(x.Properties.ETag, `"`)}
				if x.Name.Encoded {
					if o.Key, err = url.PathUnescape(o.Key); err != nil {
						yield(objects.Object{}, fmt.Errorf("the server lists a name that can't be read, %q: %w", x.Name.Text, err))
						return
					}
				}
				o.Modified, _ = http.ParseTime(x.Properties.Modified) // zero says that it isn't known
				if x.Deleted {
					continue
				}
				if !yield(o, nil) {
					return
				}
				if n++; n == limit {
					return
				}
			}
			if p.NextMarker == "" {
				return
			}
			if p.NextMarker == marker {
				yield(objects.Object{}, fmt.Errorf("can't list %s: the server gives the same page again and again", b.where()))
				return
			}
			marker = p.NextMarker
		}
	}
}

func (b *bucket) page(ctx context.Context, prefix, marker string, limit int) (p page, server string, err error) {
	q := url.Values{"restype": {"container"}, "comp": {"list"}}
	if prefix != "" {
		q.Set("prefix", prefix)
	}
	if marker != "" {
		q.Set("marker", marker)
	}
	if limit > 0 {
		q.Set("maxresults", strconv.Itoa(min(limit, 5000)))
	}
	what := "list " + b.where()
	for n := 0; ; n++ {
		resp, err := b.do(ctx, request{method: "GET", what: what, query: q})
		if err != nil {
			return p, "", err
		}
		p = page{}
		err = xml.NewDecoder(io.LimitReader(resp.Body, maxPage)).Decode(&p)
		resp.Body.Close()
		if ended := context.Cause(ctx); ended != nil {
			return p, "", ended
		}
		if err == nil {
			return p, resp.Header.Get("Server"), nil
		}
		if n+1 == attempts {
			return p, "", &Error{What: what, Said: "its answer can't be read: " + err.Error(), cause: err}
		}
		time.Sleep(pause << n)
	}
}

// Make makes the container.
func (b *bucket) Make(ctx context.Context) error {
	resp, err := b.do(ctx, request{method: "PUT", what: "make " + b.where(), query: url.Values{"restype": {"container"}}})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
