package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// every is how often memory is looked at: often enough that no peak that lasts
// is missed, seldom enough that looking takes no part of a core.
const every = 20 * time.Millisecond

// sampler watches the memory of a process and its children.
type sampler struct {
	quit chan struct{}
	over chan struct{}

	mu        sync.Mutex
	anon, rss int64
}

func watch(pid int) *sampler {
	s := &sampler{quit: make(chan struct{}), over: make(chan struct{})}
	go func() {
		defer close(s.over)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			s.look(pid)
			select {
			case <-tick.C:
			case <-s.quit:
				return
			}
		}
	}()
	return s
}

func (s *sampler) look(pid int) {
	anon, rss := memory(pid)
	s.mu.Lock()
	s.anon, s.rss = max(s.anon, anon), max(s.rss, rss)
	s.mu.Unlock()
}

func (s *sampler) peaks() (anon, rss int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.anon, s.rss
}

func (s *sampler) stop() (anon, rss int64) {
	close(s.quit)
	<-s.over
	return s.peaks()
}

// memory sums up the memory of a process and all below it. What ends while it
// looks counts as nothing.
func memory(pid int) (anon, rss int64) {
	dir := fmt.Sprintf("/proc/%d", pid)
	if text, err := os.ReadFile(dir + "/status"); err == nil {
		anon, rss = parseStatus(text)
	}
	lists, _ := filepath.Glob(dir + "/task/*/children")
	for _, l := range lists {
		text, _ := os.ReadFile(l)
		for _, f := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(f)); err == nil {
				a, r := memory(child)
				anon, rss = anon+a, rss+r
			}
		}
	}
	return anon, rss
}

// parseStatus reads the bytes of RssAnon+RssShmem and of VmRSS out of the text
// of a process's status.
func parseStatus(text []byte) (anon, rss int64) {
	for line := range bytes.Lines(text) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		f := bytes.Fields(value)
		if len(f) == 0 {
			continue
		}
		n, err := strconv.ParseInt(string(f[0]), 10, 64)
		if err != nil {
			continue
		}
		switch string(name) {
		case "RssAnon", "RssShmem":
			anon += n << 10
		case "VmRSS":
			rss = n << 10
		}
	}
	return anon, rss
}
