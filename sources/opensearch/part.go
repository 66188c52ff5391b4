// Package opensearch captures indices of OpenSearch and Elasticsearch and puts
// them back.
//
// Nouns:
//
//   - A Method says by what means: the server's own snapshots, an export of all
//     documents, or only what is needed to have the engine rebuild the indices.
//   - A repository is a folder in which the server keeps snapshots; a blob is a
//     file in it that is written once and never changed.
//   - A generation is the number of the newest list of all that a repository
//     holds: the N of its file index-N.
//
// Promise: what the server itself does not call whole is never captured as if
// it were: failed shards, partial snapshots, documents that were not delivered
// fail the capture. The data folder of a server is never copied. Nothing stays
// behind on the server but the snapshots that the next ones are made from.
package opensearch

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"ivyvault/sources"
	"ivyvault/sources/secret"
)

// Env is what a part gets from those who run it.
type Env struct {
	Mask *secret.Mask      // learns the password
	Log  func(line string) // is told what goes on; nil is nobody
	// Rebuild is the step by which the engine makes its indices anew, a
	// sentence for the operator. Empty says it in general terms.
	Rebuild string
}

// Part is the indices of one server. It serves one capture or restore at a
// time.
type Part struct {
	c     Config
	env   Env
	state *state // of the last good capture; nil where nothing is known

	newName func() string // of a snapshot, and of what a restore leaves for a while
	pause   time.Duration // between two looks at a running snapshot, at first
}

var (
	_ sources.Part      = (*Part)(nil)
	_ sources.Continued = (*Part)(nil)
)

// New makes a part of a configuration, which Validate is asked about when it
// is used.
func New(c Config, env Env) *Part {
	if env.Rebuild == "" {
		env.Rebuild = "start the engine over the restored database and have it index anew; Axon Ivy does so at its start where an index is missing or its count differs, and by hand in the cockpit under Search Engine; Flowable by 'Reindex all' in Control"
	}
	return &Part{c: c, env: env, newName: newName, pause: 200 * time.Millisecond}
}

// ours begins the names of all that is made on a server.
const ours = "ivyvault-"

func newName() string {
	return ours + time.Now().UTC().Format("20060102t150405z") + "-" + strings.ToLower(rand.Text()[:8])
}

func (p *Part) say(format string, args ...any) {
	if p.env.Log != nil {
		p.env.Log(p.env.Mask.Clean(fmt.Sprintf(format, args...)))
	}
}

// Capture looks what indices there are and begins to capture them. By the
// method snapshot it returns when the server has taken one.
func (p *Part) Capture(ctx context.Context) (sources.Capture, error) {
	if err := p.c.Validate(); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	c, err := connect(ctx, &p.c, p.env.Mask)
	if err != nil {
		return nil, err
	}
	if c.bare() {
		p.say("the password goes to %s unencrypted: name an address with https", c.base.Host)
	}
	capture, err := p.capture(ctx, c)
	if err != nil {
		c.close()
		return nil, err
	}
	return capture, nil
}

func (p *Part) capture(ctx context.Context, c *client) (sources.Capture, error) {
	s, err := look(ctx, c, p.c.patterns())
	if err != nil {
		return nil, err
	}
	p.say("%s at %s: %d indices, by %s", s.release, c.base, len(s.indices), p.c.Method)
	switch p.c.Method {
	case ByExport:
		return p.export(ctx, c, s)
	case ByRebuild:
		return p.rebuild(ctx, c, s)
	}
	return p.snapshot(ctx, c, s)
}
