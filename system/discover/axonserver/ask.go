package axonserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"ivyvault/sources/axonserver/rest"
	"ivyvault/sources/secret"
)

// Asked is a running server that is asked over HTTP.
type Asked struct {
	URL   string
	Token secret.Value // zero: none
}

var _ Server = (*Asked)(nil)

// patience is how long an answer may take: a proposal is made by somebody who
// waits for it, so nothing is asked twice.
const patience = 10 * time.Second

func (a *Asked) client() (*rest.Client, error) {
	return rest.New(a.URL, rest.Options{Token: a.Token, Limit: patience, Passes: 1})
}

// About asks for version, edition and contexts.
func (a *Asked) About(ctx context.Context) (About, error) {
	c, err := a.client()
	if err != nil {
		return About{}, err
	}
	about, err := c.About(ctx)
	var refused *rest.Refusal
	if errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden) {
		err = fmt.Errorf("a token is needed, or another one: %w", err)
	}
	return About{Version: about.Version, Edition: about.Licence, Contexts: about.Contexts}, err
}

// Setting asks for one property. A server that doesn't show it gives "".
func (a *Asked) Setting(ctx context.Context, key string) (string, error) {
	c, err := a.client()
	if err != nil {
		return "", err
	}
	value, err := c.Setting(ctx, key)
	if err != nil {
		err = fmt.Errorf("/actuator/env: %w", err)
	}
	return value, err
}
