package chunk

import "runtime"

// Reading ahead goes through a queue: its runs are fetched in the order in which
// they will be needed, by few at once. Where one is asked for before its turn,
// who asks fetches it.

// enqueue has the run that holds a frame read ahead, and reports whether it is
// on its way. The caller has put a token into ahead.
func (c *Cached) enqueue(ref Ref, frame, end int) bool {
	s, r, err := c.make(ref, frame, end, false, func(*run) {})
	if s == nil {
		<-c.ahead
		return err == nil
	}
	c.queue <- r // has room: there are as many tokens
	select {
	case c.workers <- struct{}{}:
		if c.begin() {
			go c.work()
			break
		}
		<-c.workers
		c.drain() // the cache was closed meanwhile
	default:
	}
	return true
}

// work fetches what is in the queue until it is empty.
func (c *Cached) work() {
	defer c.under.Done()
	for {
		c.drain()
		<-c.workers
		// Something may have come since, when nobody was wanted.
		if len(c.queue) == 0 {
			return
		}
		select {
		case c.workers <- struct{}{}:
		default:
			return
		}
	}
}

// drain fetches what is in the queue.
func (c *Cached) drain() {
	for {
		select {
		case r := <-c.queue:
			<-c.ahead
			if r.taken.CompareAndSwap(false, true) {
				c.finish(c.shard(r.ref), r)
				// Others may have taken earlier runs and wait for a processor.
				runtime.Gosched()
			}
		default:
			return
		}
	}
}
