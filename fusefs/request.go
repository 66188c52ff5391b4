package fusefs

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// request is the context of one request of the kernel. It costs nothing until
// somebody waits: only Done starts what watches for an interruption.
//
// The kernel tells of an interruption for any signal, also for those that a
// program does not mean to notice, such as the ones by which Go preempts its
// goroutines or that tell of a child's end. A read that then failed with EINTR
// would surprise programs that know files as uninterruptible. So an interrupted
// wait ends only where the caller has a signal pending that means to stop it.
type request struct {
	context.Context // of the mount: ends when it is unmounted
	cancel          <-chan struct{}
	caller          int // its thread, 0 where unknown

	mu      sync.Mutex
	done    chan struct{}
	over    chan struct{} // closed by finish
	stopped bool
}

var _ context.Context = (*request)(nil)

// Whether the caller of an interrupted request means to stop is looked at this
// often, and when it has waited for that long it is told EINTR anyway.
const (
	interruptPoll  = 100 * time.Millisecond
	interruptGrace = 30 * time.Second
)

func (m *mount) begin(cancel <-chan struct{}, caller uint32) *request {
	return &request{Context: m.ctx, cancel: cancel, caller: int(caller)}
}

// finish frees what Done started.
func (r *request) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over != nil {
		close(r.over)
		r.over = nil
	}
}

// Done returns a channel that is closed when the caller is to be told EINTR.
func (r *request) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
		r.over = make(chan struct{})
		go r.watch(r.done, r.over)
	}
	return r.done
}

// Err returns context.Canceled after Done's channel is closed.
func (r *request) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return context.Canceled
	}
	return nil
}

func (r *request) watch(done, over chan struct{}) {
	select {
	case <-over:
		return
	case <-r.Context.Done():
	case <-r.cancel:
		r.decide(over)
	}
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	close(done)
}

// decide returns when the interrupted caller is to be let go.
func (r *request) decide(over chan struct{}) {
	tick := time.NewTicker(interruptPoll)
	defer tick.Stop()
	for since := time.Now(); time.Since(since) < interruptGrace; {
		if meansToStop(r.caller) {
			return
		}
		select {
		case <-over:
			return
		case <-r.Context.Done():
			return
		case <-tick.C:
		}
	}
}

// harmless are the signals that interrupt nothing.
const harmless = 1<<(syscall.SIGURG-1) | 1<<(syscall.SIGCHLD-1) | 1<<(syscall.SIGWINCH-1) |
	1<<(syscall.SIGCONT-1) | 1<<(syscall.SIGIO-1) | 1<<(syscall.SIGPROF-1)

// meansToStop reports whether a signal is pending for the thread that is
// neither blocked, nor ignored, nor harmless. Of a thread that can't be looked
// at, it is assumed.
func meansToStop(thread int) bool {
	if thread <= 0 {
		return true
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", thread))
	if err != nil {
		return true
	}
	defer f.Close()
	var pending, blocked, ignored uint64
	for s := bufio.NewScanner(f); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), ":")
		bits, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err != nil {
			continue
		}
		switch key {
		case "SigPnd", "ShdPnd":
			pending |= bits
		case "SigBlk":
			blocked = bits
		case "SigIgn":
			ignored = bits
		}
	}
	return pending&^blocked&^ignored&^uint64(harmless) != 0
}
