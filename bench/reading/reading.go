// Package reading reads files of a mount as users do, and measures it. It runs
// in a process of its own, so that the reader's memory and its runtime never
// count for a mount.
package reading

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Plan says what to read.
type Plan struct {
	How     string        // Sequential, Random or Small
	Root    string        // of the mount
	Like    string        // a directory with the same files, to compare with; "" compares nothing
	Files   []string      // below Root
	Count   int           // Random: reads at most
	Readers int           // Small: files are read by so many at once
	Limit   time.Duration // stop after it: what was read until then counts
}

// The ways to read.
const (
	Sequential = "sequential" // each file from its beginning to its end, a megabyte a call
	Random     = "random"     // 4 KiB at places all over the files
	Small      = "small"      // open, read whole, close
)

// Result is what reading took.
type Result struct {
	Seconds    float64
	Bytes      int64
	Files      int     // read whole
	P50, P99   float64 // milliseconds, of Random
	Incomplete bool    // the limit came first
}

// Run carries out a plan. What was read is compared with Like afterwards, out
// of the measured time; a difference is an error.
func Run(p Plan) (Result, error) {
	if len(p.Files) == 0 {
		return Result{}, errors.New("no files to read")
	}
	switch p.How {
	case Sequential:
		return p.sequential()
	case Random:
		return p.random()
	case Small:
		return p.small()
	}
	return Result{}, fmt.Errorf("no way to read is called %q", p.How)
}

func (p Plan) sequential() (Result, error) {
	var r Result
	buf := make([]byte, 1<<20)
	begun := time.Now()
	for _, name := range p.Files {
		f, err := os.Open(filepath.Join(p.Root, name))
		if err != nil {
			return r, err
		}
		for {
			n, err := f.Read(buf)
			r.Bytes += int64(n)
			if err == io.EOF {
				break
			}
			if err != nil {
				f.Close()
				return r, err
			}
			if time.Since(begun) > p.Limit {
				r.Incomplete = true
				break
			}
		}
		f.Close()
		if r.Incomplete {
			break
		}
		r.Files++
	}
	r.Seconds = time.Since(begun).Seconds()
	return r, nil
}

// random reads at the same places of every mount: the seed is constant.
func (p Plan) random() (Result, error) {
	const block = 4096
	var r Result
	var open []*os.File
	var blocks []int64
	defer func() {
		for _, f := range open {
			f.Close()
		}
	}()
	for _, name := range p.Files {
		f, err := os.Open(filepath.Join(p.Root, name))
		if err != nil {
			return r, err
		}
		open = append(open, f)
		info, err := f.Stat()
		if err != nil {
			return r, err
		}
		blocks = append(blocks, max(1, info.Size()/block))
	}
	rng := rand.New(rand.NewPCG(4, 4096))
	buf, took := make([]byte, block), make([]time.Duration, 0, p.Count)
	var kept []sample
	begun := time.Now()
	for i := range p.Count {
		file := rng.IntN(len(open))
		at := rng.Int64N(blocks[file]) * block
		start := time.Now()
		n, err := open[file].ReadAt(buf, at)
		took = append(took, time.Since(start))
		if err != nil && err != io.EOF {
			return r, err
		}
		r.Bytes += int64(n)
		if i%10 == 0 {
			kept = append(kept, sample{p.Files[file], at, bytes.Clone(buf[:n])})
		}
		if time.Since(begun) > p.Limit {
			r.Incomplete = true
			break
		}
	}
	r.Seconds = time.Since(begun).Seconds()
	slices.Sort(took)
	r.P50, r.P99 = milliseconds(took[len(took)/2]), milliseconds(took[len(took)*99/100])
	return r, p.compare(kept)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// sample is something that was read, to be compared when measuring is over.
type sample struct {
	name string
	at   int64
	data []byte
}

func (p Plan) compare(kept []sample) error {
	if p.Like == "" {
		return nil
	}
	for _, k := range kept {
		f, err := os.Open(filepath.Join(p.Like, k.name))
		if err != nil {
			return err
		}
		want := make([]byte, len(k.data))
		n, err := f.ReadAt(want, k.at)
		f.Close()
		if err != nil && err != io.EOF {
			return err
		}
		if !bytes.Equal(want[:n], k.data) {
			return fmt.Errorf("%s has other bytes at %d in the mount", k.name, k.at)
		}
	}
	return nil
}

// small uses bare system calls, so that little but the mount is measured.
func (p Plan) small() (Result, error) {
	var files, read atomic.Int64
	var late atomic.Bool
	readers := max(1, p.Readers)
	errs, kept := make([]error, readers), make([][]sample, readers)
	begun := time.Now()
	var wg sync.WaitGroup
	// Each reader takes a run of neighbours, as copies of several directories do.
	per := (len(p.Files) + readers - 1) / readers
	for i, mine := range slices.Collect(slices.Chunk(p.Files, per)) {
		wg.Go(func() {
			buf := make([]byte, 64<<10)
			for j, name := range mine {
				n, err := readWhole(filepath.Join(p.Root, name), buf)
				if j%500 == 0 && n <= len(buf) {
					kept[i] = append(kept[i], sample{name, 0, bytes.Clone(buf[:n])})
				}
				if err != nil {
					errs[i] = err
					return
				}
				files.Add(1)
				read.Add(int64(n))
				if time.Since(begun) > p.Limit {
					late.Store(true)
					return
				}
			}
		})
	}
	wg.Wait()
	r := Result{Seconds: time.Since(begun).Seconds(), Bytes: read.Load(), Files: int(files.Load()), Incomplete: late.Load()}
	return r, errors.Join(append(errs, p.compare(slices.Concat(kept...)))...)
}

// readWhole reads a file to its end; buf holds its last bytes then, which are
// all where it is larger than the file.
func readWhole(path string, buf []byte) (int, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	all := 0
	for {
		at := all
		if at >= len(buf) {
			at = 0
		}
		n, err := syscall.Read(fd, buf[at:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return all, &os.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return all, nil
		}
		all += n
	}
}
