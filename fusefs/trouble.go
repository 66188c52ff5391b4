package fusefs

import (
	"context"
	"sync"
	"time"
)

// Trouble is an error that a user of the mount met. It became EIO.
type Trouble struct {
	Path string // in the mount; "" where it could not be told
	Err  error
	More int // like it, that were left out since the last one told
}

// Troubles are told at most this often with the same text, and at most that
// many of any text within the time: a damaged pack is met by thousands of
// reads.
const (
	troubleEvery = time.Minute
	troubleMost  = 20
)

type troubles struct {
	tell func(Trouble)

	mu    sync.Mutex
	since time.Time
	seen  map[string]struct{}
	more  int
}

func (t *troubles) report(m *mount, err error, id uint64) {
	if t.tell == nil {
		return
	}
	more, ok := t.admit(err.Error(), time.Now())
	if !ok {
		return
	}
	// The name is looked for without the caller's context: it may be gone.
	ctx, stop := context.WithTimeout(m.ctx, time.Second)
	defer stop()
	t.tell(Trouble{Path: m.path(ctx, id), Err: err, More: more})
}

func (t *troubles) admit(text string, now time.Time) (more int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.since) > troubleEvery {
		t.since, t.seen = now, make(map[string]struct{})
	}
	if _, seen := t.seen[text]; seen || len(t.seen) >= troubleMost {
		t.more++
		return 0, false
	}
	t.seen[text] = struct{}{}
	more, t.more = t.more, 0
	return more, true
}
