package azure

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"ivyvault/sources/objects"
	"ivyvault/sources/secret"
)

// version of the protocol; names that XML can't hold came with 2021-02-12.
const version = "2021-12-02"

const (
	answering = 2 * time.Minute        // how long a server may take to begin an answer
	attempts  = 4                      // how often a request is sent that a server failed
	pause     = 200 * time.Millisecond // before the second attempt; then twice as long each
)

// bucket is an objects.Bucket on a server.
type bucket struct {
	access
	http      *http.Client
	base      *url.URL
	container string
}

var _ objects.Bucket = (*bucket)(nil)

// dial makes a client. The server isn't asked yet.
func dial(ctx context.Context, c *Config, mask *secret.Mask) (*bucket, error) {
	a, err := c.reveal(ctx, mask)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(a.endpoint)
	if err != nil || base.Host == "" {
		return nil, errors.New("the endpoint is no URL")
	}
	b := &bucket{access: a, base: base, container: c.Container}
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: answering, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
		DisableCompression: true} // else the content of a compressed blob would come as another
	if c.CAFile != "" {
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("'ca-file': %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("'ca-file': %s holds no certificate in PEM", c.CAFile)
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	b.http = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b, nil
}

func (b *bucket) where() string {
	return fmt.Sprintf("the container %s at %s", b.container, b.base.Redacted())
}

// request is one request: to the container, or to the blob that is named.
type request struct {
	method string
	what   string // for messages: "list …"
	blob   string
	query  url.Values
	header map[string]string
	body   []byte
}

// Error is what a server said no to.
type Error struct {
	What   string
	Status int    // of HTTP; 0 where it didn't answer
	Code   string // the server's, as BlobNotFound
	Said   string
	cause  error
}

func (e *Error) Error() string {
	text := "can't " + e.What + ": "
	switch {
	case e.Status == 0:
		return text + e.Said
	case e.Code == "ContainerNotFound":
		return text + "there is no such container; for a restore, 'create: true' makes it"
	case e.Code == "BlobArchived":
		return text + "it lies in the archive tier; have the server bring it back first"
	case e.Status == 401 || e.Status == 403:
		return text + e.Code + "; check 'account', and what 'account-key' or 'sas-token' may do"
	case e.Code == "":
		return text + fmt.Sprintf("the server answers with status %d", e.Status)
	}
	return strings.TrimSuffix(text+e.Code+": "+e.Said, ": ")
}

// Unwrap returns fs.ErrNotExist, objects.ErrChanged, or what went wrong below,
// with objects.ErrSilent where there was no answer.
func (e *Error) Unwrap() error { return e.cause }

// do sends a request until it is answered, and returns what is no failure.
func (b *bucket) do(ctx context.Context, r request) (*http.Response, error) {
	for n := 0; ; n++ {
		resp, err := b.once(ctx, r)
		var e *Error
		if err == nil || !errors.As(err, &e) || n+1 == attempts || e.Status != 0 && e.Status != 429 && e.Status < 500 {
			return resp, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause << n):
		}
	}
}

func (b *bucket) once(ctx context.Context, r request) (*http.Response, error) {
	u := *b.base
	u.Path += "/" + b.container
	u.RawPath = b.base.EscapedPath() + "/" + b.container
	if r.blob != "" {
		u.Path += "/" + r.blob
		u.RawPath += "/" + escape(r.blob)
	}
	u.RawQuery = r.query.Encode()
	if b.sas != "" {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+b.sas, "&")
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("can't %s: its name can't be put into a URL", r.what)
	}
	for k, v := range r.header {
		req.Header[http.CanonicalHeaderKey(k)] = []string{v}
	}
	req.Header.Set("x-ms-version", version)
	req.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
	if b.key != nil {
		req.Header.Set("Authorization", "SharedKey "+b.account+":"+b.sign(req, r))
	}
	resp, err := b.http.Do(req)
	if err != nil {
		if ended := context.Cause(ctx); ended != nil {
			return nil, ended
		}
		if ue := (*url.Error)(nil); errors.As(err, &ue) {
			err = ue.Err // without the URL, which may hold a signature
		}
		return nil, &Error{What: r.what, Said: err.Error(), cause: errors.Join(objects.ErrSilent, err)}
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	e := &Error{What: r.what, Status: resp.StatusCode, Code: resp.Header.Get("x-ms-error-code")}
	var said struct{ Code, Message string }
	if xml.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&said) == nil {
		e.Said, _, _ = strings.Cut(said.Message, "\n")
		if e.Code == "" {
			e.Code = said.Code
		}
	}
	switch resp.StatusCode {
	case 404:
		e.cause = fs.ErrNotExist
	case 412:
		e.cause = objects.ErrChanged
	}
	return nil, e
}

// escape writes a blob's name as a path: all but letters, digits, "-._~" and
// the slash is escaped.
func escape(name string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return out.String()
}

// sign signs a request with the account's key: its verb, the headers that
// matter, and its resource, in the order that the service wants.
func (b *bucket) sign(req *http.Request, r request) string {
	length := ""
	if len(r.body) > 0 {
		length = strconv.Itoa(len(r.body))
	}
	h := req.Header
	lines := []string{r.method, h.Get("Content-Encoding"), h.Get("Content-Language"), length, h.Get("Content-MD5"), h.Get("Content-Type"),
		"", h.Get("If-Modified-Since"), h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Unmodified-Since"), h.Get("Range")}
	own := map[string]string{}
	for k := range h {
		if low := strings.ToLower(k); strings.HasPrefix(low, "x-ms-") {
			own[low] = strings.TrimSpace(h.Get(k))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(own)) {
		lines = append(lines, k+":"+own[k])
	}
	resource := "/" + b.account + req.URL.EscapedPath()
	for _, k := range slices.Sorted(maps.Keys(r.query)) {
		resource += "\n" + strings.ToLower(k) + ":" + strings.Join(r.query[k], ",")
	}
	m := hmac.New(sha256.New, b.key)
	m.Write([]byte(strings.Join(append(lines, resource), "\n")))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
