package axonserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"ivyvault/sources/axonserver/rest"
)

// nodes are the servers of a configuration.
type nodes struct {
	c   *Config
	all []*rest.Client
}

// connect makes a client for each node; nothing is asked yet.
func connect(c *Config, env Env) (*nodes, error) {
	h := env.HTTP
	if h == nil && c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca-file: %s holds no certificate in PEM", c.CAFile)
		}
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		h = &http.Client{Transport: t}
	}
	n := &nodes{c: c}
	for _, u := range c.URLs {
		client, err := rest.New(u, rest.Options{Token: c.Token, Mask: env.Mask, HTTP: h, Limit: env.Limit, Pause: env.Pause})
		if err != nil {
			return nil, err
		}
		n.all = append(n.all, client)
	}
	if len(n.all) == 0 {
		return nil, errors.New("no Axon Server is named: give 'urls'")
	}
	return n, nil
}

// about asks a node who it is; the configuration knows the edition better.
func (n *nodes) about(ctx context.Context, client *rest.Client) (rest.About, error) {
	a, err := client.About(ctx)
	if n.c.Edition != "" {
		a.Edition = n.c.Edition
	}
	return a, err
}

// first calls fn with the nodes that wanted accepts, in their order, until one
// of them gives an answer, good or bad. A node that can't be asked, or is not
// ready, is passed over while there are others.
func (n *nodes) first(ctx context.Context, what string, wanted func(*rest.Client, *rest.About) bool, fn func(*rest.Client, rest.About) error) error {
	var failed []error
	var passed []string
	for _, client := range n.all {
		a, err := n.about(ctx, client)
		if err == nil {
			if !wanted(client, &a) {
				passed = append(passed, client.URL())
				continue
			}
			err = fn(client, a)
		}
		if err == nil || ctx.Err() != nil || !rest.Elsewhere(err) {
			return err
		}
		failed = append(failed, err)
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return fmt.Errorf("no node has %s: %s was asked; name the nodes that have it under 'urls'", what, strings.Join(passed, ", "))
}

// ofContext calls fn with the node to ask for a context.
func (n *nodes) ofContext(ctx context.Context, name string, fn func(*rest.Client, rest.About) error) error {
	return n.first(ctx, "the context "+name, func(client *rest.Client, a *rest.About) bool {
		if u, ok := n.c.Primaries[name]; ok {
			return strings.TrimSuffix(u, "/") == client.URL()
		}
		return slices.Contains(a.Contexts, name)
	}, fn)
}
