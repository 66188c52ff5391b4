package dir

import (
	"sync"

	"golang.org/x/sys/unix"
)

// batchSize is how many names of a folder are asked about together: enough to
// make it worth to share the work, few enough that what is yielded is fresh.
const batchSize = 256

// askers is how many threads ask for attributes at once. Two cores halve the
// time of a walk whose inodes are cached; where they aren't, the disk gets
// several questions at a time.
const askers = 4

// asker asks the kernel for the attributes of batches of names.
type asker struct {
	open *opener // nil: nothing is opened ahead
	jobs chan job
	st   unix.Statx_t
}

// answers are those to one batch, which may still be on their way.
type answers struct {
	items []item
	f     *folder         // whose descriptor is in use
	wg    *sync.WaitGroup // nil: all are there
}

// wait waits for the answers and returns them.
func (a *answers) wait() []item {
	if a.wg != nil {
		a.wg.Wait()
		a.wg = nil
		a.f.release()
	}
	return a.items
}

// job is a part of a batch.
type job struct {
	fd    int
	names *listing
	items []item
	open  *opener
	wg    *sync.WaitGroup
}

// all begins to ask for all items of a batch, which lie in f. Until the answers
// are there the caller keeps the names as they are.
func (a *asker) all(f *folder, names *listing, items []item) answers {
	const least = 32 // for fewer, waking somebody costs more than it saves
	fd, err := f.acquire()
	if err != nil {
		for i := range items {
			if items[i].err == nil {
				items[i].err = err
			}
		}
		return answers{items: items}
	}
	if len(items) < 2*least {
		job{fd, names, items, a.open, nil}.do(&a.st)
		f.release()
		return answers{items: items}
	}
	if a.jobs == nil {
		a.start()
	}
	wg := new(sync.WaitGroup)
	part := max(least, (len(items)+askers-1)/askers)
	for rest := items; len(rest) > 0; {
		n := min(part, len(rest))
		wg.Add(1)
		a.jobs <- job{fd, names, rest[:n], a.open, wg}
		rest = rest[n:]
	}
	return answers{items, f, wg}
}

func (a *asker) start() {
	a.jobs = make(chan job, askers)
	for range askers {
		go func() {
			var st unix.Statx_t
			for j := range a.jobs {
				j.do(&st)
				j.wg.Done()
			}
		}()
	}
}

// stop ends the helpers.
func (a *asker) stop() {
	if a.jobs != nil {
		close(a.jobs)
	}
}

func (j job) do(st *unix.Statx_t) {
	for i := range j.items {
		it := &j.items[i]
		if it.err != nil {
			continue
		}
		name := j.names.name(it.place)
		if j.open != nil && j.names.regular(it.place) && j.open.ahead(j.fd, name, it, st) {
			continue
		}
		it.err = statx(j.fd, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, &it.attr, st)
	}
}
