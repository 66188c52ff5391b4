package s3

import (
	"context"
	"io/fs"
	"runtime/debug"

	"ivyvault/sources"
	"ivyvault/sources/objects"
	"ivyvault/sources/secret"
)

// Env is what surrounds a part.
type Env struct {
	Mask *secret.Mask      // learns the keys; nil makes a new one
	Log  func(line string) // nil drops it
}

// Part is one bucket. It may be used concurrently.
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

// Capture asks whether the bucket is there. The listing begins with Entries.
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

// Restore puts objects back; see objects.Restore.
func (p *Part) Restore(ctx context.Context, from fs.FS, opt sources.RestoreOptions) (sources.Restored, error) {
	b, err := dial(ctx, &p.c, p.env.Mask)
	if err != nil {
		return sources.Restored{}, err
	}
	return objects.Restore(ctx, b, p.options(), from, opt)
}

func (p *Part) options() objects.Options {
	return objects.Options{Prefix: p.c.Prefix, Create: p.c.Create, Tool: tool(), Mask: p.env.Mask}
}

// tool names the library that speaks with the server.
func tool() string {
	const module = "github.com/aws/aws-sdk-go-v2/service/s3"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == module {
				return "aws-sdk-go-v2 s3 " + d.Version
			}
		}
	}
	return "aws-sdk-go-v2 s3"
}
