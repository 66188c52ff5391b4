package opensearch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"ivyvault/sources/secret"
)

const (
	// answering is how long the server may take for a request that is not
	// known to take long.
	answering = 60 * time.Second
	// longestAnswer bounds the answers that are read into memory, in bytes.
	longestAnswer = 64 << 20
)

// client speaks to one server. Its methods may be called by several goroutines.
type client struct {
	base     *url.URL
	user     string
	password string
	http     *http.Client
	mask     *secret.Mask
}

// connect reveals the password and prepares a client; it sends nothing.
func connect(ctx context.Context, c *Config, mask *secret.Mask) (*client, error) {
	base, err := c.base()
	if err != nil {
		return nil, err
	}
	password, err := c.Password.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	if mask != nil && password != "" {
		mask.Add(password)
	}
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     30 * time.Second,
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the search server: ca_file: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the search server: ca_file: %s holds no certificate in PEM", c.CAFile)
		}
	}
	t.TLSClientConfig.InsecureSkipVerify = c.Insecure == Unchecked
	return &client{base: base, user: c.Username, password: password, mask: mask, http: &http.Client{
		Transport: t,
		// A server that sends elsewhere would send the password along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// bare tells whether the password leaves this machine unencrypted.
func (c *client) bare() bool {
	host := c.base.Hostname()
	ip := net.ParseIP(host)
	return c.user != "" && c.base.Scheme == "http" && host != "localhost" && (ip == nil || !ip.IsLoopback())
}

func (c *client) close() { c.http.CloseIdleConnections() }

// request is one request. Path is made of parts, each of which is escaped.
type request struct {
	method string
	path   []string
	query  string
	body   any       // marshalled as JSON; nil is none
	lines  io.Reader // a body of lines, instead
	long   bool      // it may take as long as it takes
}

// send returns the answer to a request that succeeded; the caller closes it.
func (c *client) send(ctx context.Context, r request) (*http.Response, error) {
	u := *c.base
	raw := u.EscapedPath()
	for _, part := range r.path {
		raw += "/" + url.PathEscape(part)
	}
	if len(r.path) == 0 {
		raw += "/"
	}
	plain, err := url.PathUnescape(raw)
	if err != nil {
		return nil, fmt.Errorf("the search server: the path %q: %w", raw, err)
	}
	u.Path, u.RawPath, u.RawQuery = plain, raw, r.query
	body, kind := r.lines, "application/x-ndjson"
	if r.body != nil {
		p, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body, kind = bytes.NewReader(p), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	return nil, c.refused(r, res)
}

// call sends a request and reads its answer into out, which may be nil.
func (c *client) call(ctx context.Context, r request, out any) error {
	if !r.long {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, answering, fmt.Errorf("it did not answer within %v", answering))
		defer cancel()
	}
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	p, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer+1))
	switch {
	case err != nil:
		return c.unreachable(ctx, err)
	case len(p) > longestAnswer:
		return fmt.Errorf("the search server at %s answers %s with more than %d MiB", c.base, r.name(), longestAnswer>>20)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(p, out); err != nil {
		return fmt.Errorf("the search server at %s answers %s with what is not understood: %w", c.base, r.name(), err)
	}
	return nil
}

func (c *client) get(ctx context.Context, out any, query string, path ...string) error {
	return c.call(ctx, request{method: http.MethodGet, path: path, query: query}, out)
}

// UnreachableError says that the server gave no answer, or not all of it.
type UnreachableError struct {
	URL string
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the search server at %s does not answer: %v; see whether it runs and whether this machine reaches it", e.URL, e.Err)
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

func (c *client) unreachable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, context.Canceled) {
			return cause
		}
		err = cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // what it adds is the whole URL again
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the connection broke off: %w", err)
	}
	return &UnreachableError{c.base.String(), err}
}

// APIError is an answer of the server that tells of a failure.
type APIError struct {
	Request string // "PUT /_snapshot/ivyvault"
	Status  int
	Type    string // "repository_exception"; "" where it does not say
	Reason  string
}

func (e *APIError) Error() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return fmt.Sprintf("the search server does not accept the user name and password (%s)", e.Request)
	case e.Status == http.StatusForbidden:
		return fmt.Sprintf("the search server does not allow this user to do %s: %s", e.Request, e.Reason)
	case e.Status/100 == 3:
		return fmt.Sprintf("the search server answers %s by sending elsewhere (%d): name the address itself in url", e.Request, e.Status)
	}
	return fmt.Sprintf("the search server refuses %s with %d: %s", e.Request, e.Status, e.Reason)
}

func (r *request) name() string { return r.method + " /" + strings.Join(r.path, "/") }

// refused reads why. Texts of the server are masked, since it may repeat what
// it was sent, and cut.
func (c *client) refused(r request, res *http.Response) error {
	p, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // half a reason is better than none
	var said struct {
		Error json.RawMessage `json:"error"`
	}
	var why struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
		Cause  *struct {
			Reason string `json:"reason"`
		} `json:"caused_by"`
	}
	e := &APIError{Request: r.name(), Status: res.StatusCode}
	if json.Unmarshal(p, &said) == nil && json.Unmarshal(said.Error, &why) == nil {
		e.Type, e.Reason = why.Type, why.Reason
		if why.Cause != nil && why.Cause.Reason != "" {
			e.Reason += ": " + why.Cause.Reason
		}
	} else {
		e.Reason = strings.TrimSpace(string(p))
	}
	e.Reason = c.mask.Clean(e.Reason)
	if c.password != "" {
		e.Reason = strings.ReplaceAll(e.Reason, c.password, secret.Stars)
	}
	if len(e.Reason) > 600 {
		e.Reason = strings.ToValidUTF8(e.Reason[:600], "") + "…"
	}
	return e
}

// isStatus reports whether an error is an answer of that status.
func isStatus(err error, status int) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status == status
}
