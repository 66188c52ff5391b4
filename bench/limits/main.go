// Command limits measures what the machine itself can do, so that figures of
// programs can be set beside it: memory, disk, the cutting of files, hashes,
// encryption, compression, walking and reading many files, and a mount whose
// answers are ready.
//
// Each figure is the best of several tries: a limit is what is possible, and
// what else the machine does only takes away from it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) == 3 && os.Args[1] == serveWord {
		if err := serve(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "limits:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "limits:", err)
		stop()
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	dir, disk string
	files     int
	size      int // bytes that each work in memory is done on
	tries     int
	patience  time.Duration // for one look at the file system in memory
}

// limit is one thing to measure. It prints its own lines.
type limit struct {
	text string
	does func(ctx context.Context, s settings, say func(what string, value float64, unit string)) error
}

func run(ctx context.Context, args []string) error {
	s := settings{patience: time.Minute}
	f := flag.NewFlagSet("limits", flag.ContinueOnError)
	f.StringVar(&s.dir, "dir", "/dev/shm", "`FOLDER` for the many files, where the comparison has them")
	f.StringVar(&s.disk, "disk", os.TempDir(), "`FOLDER` on a disk")
	f.IntVar(&s.files, "tiny", 200000, "how many tiny files")
	f.IntVar(&s.tries, "tries", 3, "how often each is measured; the best counts")
	megabytes := f.Int("size", 256, "megabytes that are worked on")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || s.tries < 1 || *megabytes < 1 || s.files < 1 {
		return fmt.Errorf("tries, size and tiny are positive numbers, and there are no arguments")
	}
	s.size = *megabytes << 20
	for _, l := range limits() {
		if err := ctx.Err(); err != nil {
			return err
		}
		fmt.Println(l.text)
		say := func(what string, value float64, unit string) { fmt.Printf("  %-46s %10.3f %s\n", what, value, unit) }
		if err := l.does(ctx, s, say); err != nil {
			fmt.Printf("  could not be measured: %v\n", err)
		}
	}
	return nil
}

func limits() []limit {
	return []limit{
		{"memory, one core", memory},
		{"disk", disk},
		{"cutting files by content, one core", splitters},
		{"hashes and encryption, one core", crypto},
		{"zstd, one core", zstandard},
		{"many tiny files", files},
		{"a file system in go-fuse that serves from memory", served},
	}
}

// best returns the least time that does took; what is to be done before each
// try does not count.
func best(tries int, does func() error, before ...func() error) (time.Duration, error) {
	least := time.Duration(-1)
	for range tries {
		for _, prepare := range before {
			if err := prepare(); err != nil {
				return 0, err
			}
		}
		begun := time.Now()
		if err := does(); err != nil {
			return 0, err
		}
		if took := time.Since(begun); least < 0 || took < least {
			least = took
		}
	}
	return max(least, time.Nanosecond), nil
}

// speed returns gigabytes a second.
func speed(bytes int, took time.Duration) float64 { return float64(bytes) / 1e9 / took.Seconds() }
