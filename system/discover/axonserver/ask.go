package axonserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Asked is a running server that is asked over HTTP. The zero Client is one
// that waits ten seconds for an answer.
type Asked struct {
	URL    string
	Token  func(context.Context) (string, error) // nil: none
	Client *http.Client
}

var _ Server = (*Asked)(nil)

// mostAnswer bounds an answer; they are a few hundred bytes.
const mostAnswer = 1 << 20

// About asks for version, edition and contexts.
func (a *Asked) About(ctx context.Context) (About, error) {
	var version struct {
		Version string `json:"version"`
	}
	if err := a.get(ctx, "/v1/public/version", &version); err != nil {
		return About{}, err
	}
	about := About{Version: version.Version}
	var licence struct {
		Edition string `json:"edition"`
	}
	if err := a.get(ctx, "/v1/public/license", &licence); err == nil {
		about.Edition = licence.Edition
	}
	return about, a.get(ctx, "/v1/public/mycontexts", &about.Contexts)
}

// Setting asks for one property. A server that doesn't show it gives "".
func (a *Asked) Setting(ctx context.Context, key string) (string, error) {
	var answer struct {
		Property struct {
			Value any `json:"value"`
		} `json:"property"`
	}
	err := a.get(ctx, "/actuator/env/"+url.PathEscape(key), &answer)
	var status statusError
	if errors.As(err, &status) && status == http.StatusNotFound {
		return "", nil
	}
	if err != nil || answer.Property.Value == nil {
		return "", err
	}
	value := fmt.Sprint(answer.Property.Value)
	if strings.Trim(value, "*") == "" { // masked
		return "", nil
	}
	return value, nil
}

type statusError int

func (e statusError) Error() string {
	if e == http.StatusUnauthorized || e == http.StatusForbidden {
		return fmt.Sprintf("it answers %d: a token is needed, or another one", int(e))
	}
	return fmt.Sprintf("it answers %d", int(e))
}

func (a *Asked) get(ctx context.Context, at string, into any) error {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(a.URL, "/")+at, nil)
	if err != nil {
		return err
	}
	if a.Token != nil {
		token, err := a.Token(ctx)
		if err != nil {
			return err
		}
		req.Header.Set("AxonIQ-Access-Token", token)
	}
	client := a.Client
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // else the token would follow
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return statusError(resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s answers no JSON: %w", at, err)
	}
	return nil
}
