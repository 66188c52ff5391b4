package flowable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"ivyvault/system/probe"
)

// HealthURL is where an application says how it is. The base is its address
// with its context path, or this page itself.
func HealthURL(base string) string {
	const page = "/actuator/health"
	return strings.TrimSuffix(strings.TrimRight(base, "/"), page) + page
}

var _ probe.Answer = Answer

// Answer judges an application's word on its health.
func Answer(status int, body []byte) (string, error) {
	var h struct {
		Status     string
		Components map[string]struct{ Status string }
	}
	if json.Unmarshal(body, &h) != nil || h.Status == "" {
		return "", fmt.Errorf("status %d, and no word on its health: is the 'url' that of the application, with its context path, and does it let everybody ask for /actuator/health?", status)
	}
	if h.Status == "UP" {
		return "UP", nil
	}
	var bad []string
	for name, c := range h.Components {
		if c.Status != "UP" {
			bad = append(bad, name+" is "+c.Status)
		}
	}
	if slices.Sort(bad); len(bad) > 0 {
		return "", fmt.Errorf("the application says that it is %s: %s", h.Status, strings.Join(bad, ", "))
	}
	return "", fmt.Errorf("the application says that it is %s", h.Status)
}

const (
	answering     = 5 * time.Second // how long an answer may take
	longestAnswer = 1 << 20         // what is read of it, in bytes
)

// Version asks the engine's own interface which version it is of. The token is
// a name and a password with a colon between them, or a bearer's.
func Version(ctx context.Context, base, token string) (string, error) {
	base = strings.TrimSuffix(HealthURL(base), "/actuator/health")
	var all error
	for _, page := range []string{"/process-api/management/engine", "/service/management/engine"} {
		v, err := version(ctx, base+page, token)
		if err == nil {
			return v, nil
		}
		all = errors.Join(all, err)
		if opErr := new(net.OpError); errors.As(err, &opErr) {
			return "", all // the other page is no nearer
		}
	}
	return "", all
}

func version(ctx context.Context, page, token string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return "", err
	}
	if user, password, both := strings.Cut(token, ":"); both {
		req.SetBasicAuth(user, password)
	} else if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	// A page that sends elsewhere would have the token sent along.
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true},
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return "", err
	}
	var e struct{ Version string }
	if res.StatusCode != http.StatusOK || json.Unmarshal(body, &e) != nil || e.Version == "" {
		return "", fmt.Errorf("%s answers with status %d and tells no version", page, res.StatusCode)
	}
	return e.Version, nil
}

// Refused is an error unless the port of a URL refuses connections: nothing
// that runs does so, and any other silence proves nothing.
func Refused(ctx context.Context, base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme // a name that is known to the dialer
	}
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("%s still accepts connections; where something else stands in front of the node, name the node's own address", base)
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	}
	return fmt.Errorf("whether the node at %s is down can't be told, for it does not refuse connections: %w", base, err)
}
