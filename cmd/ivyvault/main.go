// Command ivyvault keeps snapshots of directories in a deduplicating,
// encrypted repository.
//
// This package is wiring only: flags, words, exit codes. Each verb has a file
// of its own, whose action calls one function of a package below repo and
// prints the Report that it returns. The table of verbs is in app.go, that of
// the media in medium.go, that of the exit codes in exit.go.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

func main() {
	if code, is := asChild(context.Background(), os.Args[1:]); is {
		os.Exit(code)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	floor := newFloor(anonymous)
	code := run(os.Args[1:])
	runtime.KeepAlive(floor)
	os.Exit(code)
}

// gcPercent lets the heap grow to less than the usual twice of what is alive.
// The large buffers lie outside of it, so collecting more often costs little:
// doc/decisions.md, 11, has the figures.
const gcPercent = 40

// errInterrupted is why the context ended when the user asked for it.
var errInterrupted = errors.New("interrupted: the same command goes on where this one ended")

// run runs one command line and returns its exit code.
func run(args []string) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-done:
			return
		}
		select {
		case <-signals: // a second one does not wait for anything
			os.Exit(exitInterrupted)
		case <-done:
		}
	}()

	app := newApp()
	line, err := arrange(app, args)
	out := newConsole(app, line.json, false, 0)
	if err == nil && line.help {
		err = printHelp(os.Stdout, app, line.path)
	} else if err == nil {
		err = app.RunContext(ctx, line.args)
	}
	code := exitCode(err, context.Cause(ctx))
	if code == exitInterrupted {
		err = brokenOff(err)
	}
	if err != nil {
		out.fail(err, code)
	}
	return code
}
