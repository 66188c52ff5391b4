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

// asker asks the kernel for the attributes of a batch of names.
type asker struct {
	jobs chan job
	wg   sync.WaitGroup
	st   unix.Statx_t
}

// job is a part of a batch.
type job struct {
	fd    int
	names *listing
	items []item
}

// all asks for all items of a batch.
func (a *asker) all(fd int, names *listing, items []item) {
	const least = 32 // for fewer, waking somebody costs more than it saves
	if len(items) >= 2*least {
		if a.jobs == nil {
			a.start()
		}
		part := max(least, (len(items)+askers-1)/askers)
		for len(items) > part {
			a.wg.Add(1)
			a.jobs <- job{fd, names, items[:part]}
			items = items[part:]
		}
	}
	job{fd, names, items}.do(&a.st)
	a.wg.Wait()
}

func (a *asker) start() {
	a.jobs = make(chan job, askers)
	for range askers - 1 {
		go func() {
			var st unix.Statx_t
			for j := range a.jobs {
				j.do(&st)
				a.wg.Done()
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
		if it := &j.items[i]; it.err == nil {
			it.err = statx(j.fd, j.names.name(it.place), unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, &it.attr, st)
		}
	}
}
