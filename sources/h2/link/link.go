// Package link talks to H2 databases through H2's own driver, in a Java program
// of a few lines that is carried along as a class file (its source is
// java/Link.java) and needs no more than a Java runtime and H2's jar.
//
// Promise: URL, user and password go over a pipe, so that neither the command
// line nor the environment of any process shows them; the program ends with
// Close, with its context, and with this process.
package link

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"ivyvault/sources/secret"
	"ivyvault/sources/tool"
)

//go:embed Link.class
var class []byte

// Login says which program connects to what, as whom.
type Login struct {
	Java     string // program; "" is java
	Jar      string // H2's
	Folder   string // where the class file may be written: owned by the caller, who removes it
	URL      string // jdbc:h2:…
	User     string
	Password string
	Mask     *secret.Mask
	Said     func(line string) // what the program says beside its answers; nil drops it
}

// Error is what the database answers where it refuses.
type Error struct {
	Code    int
	State   string
	Message string // masked
}

func (e *Error) Error() string { return fmt.Sprintf("H2 says: %s", e.Message) }

// Conn is a connection. It serves one goroutine.
type Conn struct {
	mask   *secret.Mask
	in     *os.File // requests
	out    *os.File // answers
	w      *bufio.Writer
	r      *bufio.Reader
	cancel context.CancelCauseFunc
	ended  chan struct{}
	err    error // how the program ended, once ended is closed
	closed sync.Once
}

var errClosed = errors.New("the connection was closed")

// Open starts the program and connects. The error is an *Error where the
// database refused. The connection ends with ctx.
func Open(ctx context.Context, l Login) (*Conn, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(l.Folder, "Link.class"), class, 0o600); err != nil {
		return nil, err
	}
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, inR.Close(), inW.Close())
	}
	run, cancel := context.WithCancelCause(ctx)
	c := &Conn{mask: l.Mask, in: inW, out: outR, w: bufio.NewWriter(inW), r: bufio.NewReaderSize(outR, 1<<16), cancel: cancel, ended: make(chan struct{})}
	cmd := tool.Command{Argv: argv(l), Stdin: inR, Stdout: outW, Said: l.Said, Mask: l.Mask}
	go func() {
		c.err = cmd.Run(run)
		_ = inR.Close() // so that neither side waits for a program that is gone
		_ = outW.Close()
		close(c.ended)
	}()
	for _, text := range []string{l.URL, l.User, l.Password} {
		_ = c.text(text) // Flush tells
	}
	if err := c.greeted(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func argv(l Login) []string {
	java := l.Java
	if java == "" {
		java = "java"
	}
	return []string{java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true",
		"-cp", l.Folder + string(filepath.ListSeparator) + l.Jar, "Link"}
}

func (c *Conn) greeted() error {
	if err := c.w.Flush(); err != nil {
		return c.broken(err)
	}
	kind, err := c.r.ReadByte()
	switch {
	case err != nil:
		return c.broken(err)
	case kind == 'F':
		return c.failure()
	case kind != 'K':
		return c.broken(fmt.Errorf("an answer of the kind %q", kind))
	}
	return nil
}

// Close ends the connection and waits for the program to end.
func (c *Conn) Close() {
	c.closed.Do(func() {
		_ = c.in.Close() // the program ends where nothing more comes
		_, _ = io.Copy(io.Discard, c.r)
		<-c.ended
		c.cancel(errClosed)
		_ = c.out.Close()
	})
}

// Abort ends the connection without waiting for what it does.
func (c *Conn) Abort() {
	c.cancel(errClosed)
	c.Close()
}

// broken turns an error of a pipe into what ended the program.
func (c *Conn) broken(err error) error {
	c.cancel(fmt.Errorf("the connection broke: %w", err))
	<-c.ended
	var e *tool.Error
	if errors.As(c.err, &e) && strings.Contains(e.Said, "UnsupportedClassVersionError") {
		return fmt.Errorf("the Java in use is too old for this H2 (2.2 and later need Java 11): name another with 'java:': %w", c.err)
	}
	if c.err != nil {
		return c.err
	}
	return err
}
