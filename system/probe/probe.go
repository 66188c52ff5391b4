// Package probe looks at engines from outside: whether one answers, whether one
// has ended, and whether its folders were written to.
//
// Nouns:
//
//   - An Engine is where an engine is to be seen: the URLs at which it answers
//     and the folders that its processes are started from.
//
// Promise: engines are asked by GET and without any secret; files are looked at
// and not opened; every wait has an end.
package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer judges what an engine answered: it returns what is to be told of a
// good answer, and an error for another.
type Answer func(status int, body []byte) (said string, err error)

// Engine is where an engine is to be seen.
type Engine struct {
	URLs   []string // of the health check, one a node
	Homes  []string // folders of the installation, one a node
	Answer Answer
}

// longest is how long one question may take, mostBody how much of an answer
// is read.
const (
	longest  = 20 * time.Second
	mostBody = 1 << 20
)

// Untrusted is told of an answer over a connection whose certificate proves
// nothing.
const Untrusted = "; its certificate is not one that this machine trusts"

// Health asks all URLs and returns what they said. Nothing secret is sent, so a
// certificate that can't be checked is told and no obstacle: engines mostly
// have one of their own making.
func (e *Engine) Health(ctx context.Context) (string, error) {
	if len(e.URLs) == 0 {
		return "", errors.New("it isn't known where the engine answers: name its 'url'")
	}
	var said []string
	var all error
	for _, u := range e.URLs {
		text, err := e.ask(ctx, u)
		if err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", u, err))
			continue
		}
		said = append(said, u+": "+text)
	}
	return strings.Join(said, "; "), all
}

func (e *Engine) ask(ctx context.Context, url string) (string, error) {
	status, body, err := get(ctx, url, false)
	suffix := ""
	if bad := new(tls.CertificateVerificationError); errors.As(err, &bad) {
		status, body, err = get(ctx, url, true)
		suffix = Untrusted
	}
	if err != nil {
		return "", err
	}
	said, err := e.Answer(status, body)
	return said + suffix, err
}

// get asks once. It follows no redirection: an engine that sends to a page for
// logging in has not said that it is well.
func get(ctx context.Context, url string, unchecked bool) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	t := &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{InsecureSkipVerify: unchecked}}
	defer t.CloseIdleConnections()
	c := http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostBody))
	if err != nil {
		return 0, nil, fmt.Errorf("its answer broke off: %w", err)
	}
	return res.StatusCode, body, nil
}

// between is how long a wait pauses between two looks.
const between = 200 * time.Millisecond

// Stopped waits until nothing answers and no process of the homes is left, and
// fails with what is left when the patience has ended: commands that stop an
// engine mostly return before it has ended.
func (e *Engine) Stopped(ctx context.Context, patience time.Duration) error {
	return wait(ctx, patience, e.silent)
}

// Started waits until all URLs answer well.
func (e *Engine) Started(ctx context.Context, patience time.Duration) error {
	return wait(ctx, patience, func(ctx context.Context) error {
		_, err := e.Health(ctx)
		return err
	})
}

func wait(ctx context.Context, patience time.Duration, look func(context.Context) error) error {
	for end := time.Now().Add(patience); ; {
		err := look(ctx)
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("still so after %v: %w", patience, err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(between):
		}
	}
}

// silent is an error where something of the engine is still there.
func (e *Engine) silent(ctx context.Context) error {
	if len(e.URLs)+len(e.Homes) == 0 {
		return errors.New("neither 'url' nor 'home' is known, so whether the engine has ended can't be seen")
	}
	for _, u := range e.URLs {
		if status, _, err := get(ctx, u, true); err == nil {
			return fmt.Errorf("%s still answers (status %d)", u, status)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for _, h := range e.Homes {
		list, err := Java(h)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return fmt.Errorf("%s still runs", list[0])
		}
	}
	return nil
}
