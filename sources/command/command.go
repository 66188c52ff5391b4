// Package command captures a stream as one file: what a command prints, or
// what an open file such as standard input delivers.
//
// Promise: a command that fails, or a stream that can't be read to its end,
// fails the whole capture, in Close: half a dump must not look like one.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"ivyvault/sources"
)

// Source is one stream under a name.
type Source struct {
	path  string
	begin func(ctx context.Context) (io.ReadCloser, error)
}

var _ sources.Source = (*Source)(nil)

// New captures what the command prints on standard output as the file at the
// path. What it prints on standard error goes to stderr.
func New(path string, argv []string, stderr io.Writer) (*Source, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("no command to run: name one after the flags")
	}
	return newSource(path, func(ctx context.Context) (io.ReadCloser, error) { return start(ctx, argv, stderr) })
}

// Reader captures what r delivers as the file at the path. It can be captured
// once.
func Reader(path string, r io.Reader) (*Source, error) {
	return newSource(path, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(r), nil })
}

func newSource(name string, begin func(context.Context) (io.ReadCloser, error)) (*Source, error) {
	clean := strings.Trim(path.Clean("/"+name), "/")
	if clean == "" || strings.ContainsRune(clean, 0) {
		return nil, fmt.Errorf("%q can't be the name of a file", name)
	}
	return &Source{clean, begin}, nil
}

// Path returns the absolute path of the file.
func (s *Source) Path() string { return "/" + s.path }

// Capture begins a capture; the command starts when the file is opened.
func (s *Source) Capture(context.Context) (sources.Capture, error) {
	return &capture{src: s, at: time.Now()}, nil
}

type capture struct {
	src *Source
	at  time.Time

	mu     sync.Mutex
	opened bool
	err    error // how the stream ended; errEarly until it ends well
}

var _ sources.Capture = (*capture)(nil)

// Entries yields the directories above the file, and the file.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		now := sources.Time{Sec: c.at.Unix(), Nsec: uint32(c.at.Nanosecond())}
		attr := sources.Attr{Type: sources.Dir, Mode: 0o755, UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), MTime: now, CTime: now, Links: 1}
		for i, r := range c.src.path {
			if r == '/' && !yield(sources.Entry{Path: c.src.path[:i], Attr: attr}, nil) {
				return
			}
		}
		attr.Type, attr.Mode = sources.File, 0o644
		// How long it is shows when it was read; the empty stamp makes that happen.
		yield(sources.Entry{Path: c.src.path, Attr: attr, Stamp: []byte{}, Item: sources.Content(c.open)}, nil)
	}
}

var errEarly = errors.New("its reader ended before its end")

func (c *capture) open(ctx context.Context) (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened {
		return nil, errors.New("a stream can be read once only")
	}
	c.opened, c.err = true, errEarly
	r, err := c.src.begin(ctx)
	if err != nil {
		c.err = err
		return nil, err
	}
	return &stream{c: c, r: r}, nil
}

// Close fails where the stream did not end well.
func (c *capture) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.opened || c.err == nil {
		return nil
	}
	return fmt.Errorf("/%s: %w: no snapshot was made", c.src.path, c.err)
}

// stream notes how the reading ended.
type stream struct {
	c     *capture
	r     io.ReadCloser
	ended bool
}

func (s *stream) Read(p []byte) (int, error) {
	if s.ended {
		return 0, io.EOF
	}
	n, err := s.r.Read(p)
	if err == nil {
		return n, nil
	}
	s.ended = true
	if err == io.EOF {
		err = s.r.Close()
	} else {
		_ = s.r.Close() // the first failure tells more
	}
	s.c.mu.Lock()
	s.c.err = err
	s.c.mu.Unlock()
	if err == nil {
		err = io.EOF
	}
	return n, err
}

func (s *stream) Close() error {
	if s.ended {
		return nil
	}
	s.ended = true
	return s.r.Close()
}

// process is a running command.
type process struct {
	cmd *exec.Cmd
	out io.ReadCloser
}

func start(ctx context.Context, argv []string, stderr io.Writer) (io.ReadCloser, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// Who reads must not wait for what the command itself has started.
	cmd.Cancel = func() error { return errors.Join(cmd.Process.Signal(syscall.SIGTERM), out.Close()) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the command can't be started: %w", err)
	}
	return &process{cmd, out}, nil
}

func (p *process) Read(b []byte) (int, error) { return p.out.Read(b) }

// Close waits for the command and tells how it ended.
func (p *process) Close() error {
	_ = p.out.Close() // so that a command whose output nobody reads ends
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the command %s failed: %w", p.cmd.Args[0], err)
	}
	return nil
}
