package opensearch

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// steadyLooks is how many times in a row nothing may have changed.
const steadyLooks = 3

// Still waits until nothing is written to the indices any more: what was to be
// indexed has been, by all that the server tells. Its list of pending tasks is
// empty, and documents and operations of every index stand still. It fails where
// that is not so within the limit.
func (p *Part) Still(ctx context.Context, limit time.Duration) error {
	if err := p.c.Validate(); err != nil {
		return err
	}
	c, err := connect(ctx, &p.c, p.env.Mask)
	if err != nil {
		return err
	}
	defer c.close()
	var last []reading
	steady := 0
	for end := time.Now().Add(limit); ; {
		now, busy, err := readings(ctx, c, p.c.patterns())
		if err != nil {
			return err
		}
		if busy == "" && last != nil && slices.Equal(now, last) {
			steady++
		} else {
			steady = 0
		}
		if steady >= steadyLooks {
			return nil
		}
		if busy == "" {
			busy = "documents are still added to its indices or taken from them"
		}
		if time.Now().After(end) {
			return fmt.Errorf("the search server at %s did not come to rest within %v: %s; see to it that nothing else writes to it", c.base, limit, busy)
		}
		last = now
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * p.pause):
		}
	}
}

// reading is what an index holds at a time.
type reading struct {
	name         string
	docs, writes int64
}

// readings reads what all indices hold, and what the server still has to do.
func readings(ctx context.Context, c *client, patterns []string) (list []reading, busy string, err error) {
	s, err := look(ctx, c, patterns)
	if err != nil {
		return nil, "", err
	}
	for _, x := range s.indices {
		list = append(list, reading{x.name, x.docs, x.writes})
	}
	var pending struct {
		Tasks []struct {
			Source string `json:"source"`
		} `json:"tasks"`
	}
	if err := c.get(ctx, &pending, "", "_cluster", "pending_tasks"); err != nil {
		return nil, "", err
	}
	if n := len(pending.Tasks); n > 0 {
		busy = fmt.Sprintf("%d tasks are pending, the first is %s", n, pending.Tasks[0].Source)
	}
	return list, busy, nil
}
