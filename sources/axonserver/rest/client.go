package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"ivyvault/sources/secret"
)

// Options says how a server is asked.
type Options struct {
	Token  secret.Value
	Mask   *secret.Mask  // learns the token; nil is one of the client's own
	HTTP   *http.Client  // nil: one that knows the system's certificates. Redirects are never followed
	Limit  time.Duration // for one answer; 0: two minutes
	Pause  time.Duration // before a request is repeated, doubled each time; 0: a second
	Passes int           // how often a request that changes nothing is made; 0: three times
}

// Client asks one server. Its methods may be called by several goroutines.
type Client struct {
	url string
	opt Options

	mu    sync.Mutex
	token string
	known bool
}

// New returns a client for the server at an address such as http://axon:8024.
func New(address string, opt Options) (*Client, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("the server's address can't be understood: write it as http://HOST:8024")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the server's address %s is none: write it as http://HOST:8024", u.Redacted())
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the server's address %s holds more than host, port and path: the token belongs under 'token'", u.Redacted())
	}
	if opt.Mask == nil {
		opt.Mask = &secret.Mask{}
	}
	h := http.Client{}
	if opt.HTTP != nil {
		h = *opt.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	opt.HTTP = &h
	opt.Limit = cmp.Or(opt.Limit, 2*time.Minute)
	opt.Pause = cmp.Or(opt.Pause, time.Second)
	opt.Passes = cmp.Or(opt.Passes, 3)
	return &Client{url: strings.TrimSuffix(u.String(), "/"), opt: opt}, nil
}

// URL returns the server's address.
func (c *Client) URL() string { return c.url }

// mostAnswer bounds an answer, in bytes: lists of a million segments fit.
const mostAnswer = 256 << 20

// get makes a request that changes nothing, and repeats it where the server or
// the way to it was the reason that it failed.
func (c *Client) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	pause := c.opt.Pause
	for pass := 1; ; pass++ {
		body, err := c.once(ctx, http.MethodGet, path, query)
		if err == nil || pass >= c.opt.Passes || !passing(err) || ctx.Err() != nil {
			return body, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// passing reports whether a failure may be over a moment later.
func passing(err error) bool {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Status == http.StatusBadGateway || r.Status == http.StatusGatewayTimeout ||
			r.Status == http.StatusServiceUnavailable && r.Code != noContext
	}
	var u *UnreachableError
	return errors.As(err, &u)
}

func (c *Client) once(ctx context.Context, method, path string, query url.Values) ([]byte, error) {
	token, err := c.reveal(ctx)
	if err != nil {
		return nil, err
	}
	within, stop := context.WithTimeout(ctx, c.opt.Limit)
	defer stop()
	at := c.url + path
	if len(query) > 0 {
		at += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(within, method, at, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("AxonIQ-Access-Token", token)
	}
	resp, err := c.opt.HTTP.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, within, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err != nil {
		if within.Err() == nil {
			err = fmt.Errorf("its answer broke off after %d bytes: %w", len(body), err)
		}
		return nil, c.unreachable(ctx, within, err)
	}
	if len(body) > mostAnswer {
		return nil, fmt.Errorf("the server %s answers %s with more than %d MiB", c.url, path, mostAnswer>>20)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, c.refusal(method, path, token != "", resp, body)
	}
	return body, nil
}

// UnreachableError says that a server gave no whole answer.
type UnreachableError struct {
	URL string
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the Axon Server at %s can't be asked: %v", e.URL, e.Err)
}
func (e *UnreachableError) Unwrap() error { return e.Err }

func (c *Client) unreachable(ctx, within context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if within.Err() != nil {
		err = fmt.Errorf("it gave no whole answer within %v", c.opt.Limit)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the rest repeats the address
	}
	if err == io.EOF {
		err = errors.New("it closed the connection without an answer")
	}
	return &UnreachableError{c.url, err}
}

// reveal reads the token once.
func (c *Client) reveal(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		return c.token, nil
	}
	token, err := c.opt.Mask.Reveal(ctx, c.opt.Token)
	if err != nil {
		return "", fmt.Errorf("the token for the Axon Server at %s: %w", c.url, err)
	}
	c.token, c.known = token, true
	return token, nil
}
