package azure

import (
	"context"
	"io/fs"

	"ivyvault/sources"
	"ivyvault/sources/objects"
	"ivyvault/sources/secret"
)

// Env is what surrounds a part.
type Env struct {
	Mask *secret.Mask      // learns key and signature; nil makes a new one
	Log  func(line string) // nil drops it
}

// Part is one container. It may be used concurrently.
type Part struct {
	c   Config
	env Env
}

var _ sources.Part = (*Part)(nil)

// New makes a part; c must be valid. Nothing is asked of the server yet.
func New(c Config, env Env) *Part {
	if env.Mask == nil {
		env.Mask = &secret.Mask{}
	}
	return &Part{c, env}
}

// Capture asks whether the container is there. The listing begins with Entries.
func (p *Part) Capture(ctx context.Context) (sources.Capture, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	b, err := dial(ctx, &p.c, p.env.Mask)
	if err != nil {
		return nil, err
	}
	return objects.Capture(ctx, b, p.options())
}

// Restore puts blobs back, as block blobs; see objects.Restore.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	b, err := dial(ctx, &p.c, p.env.Mask)
	if err != nil {
		return sources.Restored{}, err
	}
	return objects.Restore(ctx, b, p.options(), from, opt)
}

func (p *Part) options() objects.Options {
	return objects.Options{Prefix: p.c.Prefix, Create: p.c.Create, Tool: "Blob REST " + version, Mask: p.env.Mask}
}
