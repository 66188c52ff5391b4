package objects

import (
	"context"
	"errors"
	"fmt"

	"ivyvault/sources"
)

// ErrSilent is what an error of a Bucket Is where the server gave no answer, as
// often as it was asked.
var ErrSilent = errors.New("the server does not answer")

// lost finds out what a failure means. Where the server gives no answer about
// the bucket either, it is gone, and no other object is asked for: each would
// take as long to fail as this one did.
func (c *capture) lost(ctx context.Context, err error) error {
	if !errors.Is(err, ErrSilent) || context.Cause(ctx) != nil {
		return err
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	if gone := c.gone(); gone != nil {
		return gone
	}
	if _, look := c.bucket.Look(ctx); errors.Is(look, ErrSilent) && context.Cause(ctx) == nil {
		gone := &sources.LostError{Err: fmt.Errorf("%s does not answer any more: %w; look whether its server runs, and run again", c.about.Where, c.opt.clean(look))}
		c.mu.Lock()
		c.dead = gone
		c.mu.Unlock()
		return gone
	}
	return err
}

// gone returns why nothing can be had any more, nil where that isn't known.
func (c *capture) gone() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead == nil {
		return nil
	}
	return c.dead
}
