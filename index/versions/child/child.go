// Package child folds the table of versions in a process of its own: writing
// mapped files can kill a process on a full disk, and memory that a fold took
// is gone with it.
//
// The two processes talk over the child's standard input and output, see
// wire.go: the parent sends the chains that live; the child asks, for one
// snapshot after the other, what differs from the one before it, and at the end
// tells what it made. So the child holds no key and opens no store.
package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"

	"ivyvault/index/versions"
)

// Verb is the first argument of the child; the second is the table's folder.
const Verb = "fold-versions"

// busy is the child's exit code where another process is folding.
const busy = 11

// Run is versions.Fold by a child process of the program. It returns after the
// child has ended; what it wrote to its standard error is in the error.
func Run(ctx context.Context, program, dir string, live []versions.Chain, feed versions.Feed) (versions.Report, error) {
	cmd := exec.CommandContext(ctx, program, Verb, dir)
	cmd.Env = append(os.Environ(), "GOGC=25") // spares memory and costs little
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return versions.Report{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return versions.Report{}, err
	}
	if err := cmd.Start(); err != nil {
		return versions.Report{}, fmt.Errorf("fold the table of versions: %w", err)
	}
	rep, err := serve(ctx, in, out, live, feed)
	in.Close()
	werr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return rep, context.Cause(ctx)
	case cmd.ProcessState.ExitCode() == busy:
		return rep, fmt.Errorf("%s: %w", dir, versions.ErrFolding)
	case werr != nil:
		return rep, fmt.Errorf("fold the table of versions: %w: %s", errors.Join(err, werr), strings.TrimSpace(said.String()))
	}
	return rep, err
}

// serve answers the child until it reports.
func serve(ctx context.Context, in io.Writer, out io.Reader, live []versions.Chain, feed versions.Feed) (rep versions.Report, err error) {
	w, r := &writer{Writer: bufio.NewWriterSize(in, 256<<10)}, &reader{Reader: bufio.NewReader(out)}
	w.chains(live)
	for {
		if err := w.Flush(); err != nil {
			return rep, err
		}
		switch r.byte() {
		case askChanges:
			before, s := r.snapshot(), r.snapshot()
			if r.err != nil {
				return rep, r.err
			}
			w.last = ""
			err := feed(ctx, before, s, func(dir, name string, s versions.State) error {
				w.change(dir, name, s)
				return w.err
			})
			switch {
			case err == nil:
				w.byte(endChanges)
			case errors.Is(err, versions.ErrLeaveOut):
				w.byte(leaveOut)
			default:
				return rep, err
			}
		case tellReport:
			b := r.bytes(maxReport)
			if r.err != nil {
				return rep, r.err
			}
			return rep, json.Unmarshal(b, &rep)
		default:
			if r.err == nil {
				r.err = errWire
			}
			return rep, r.err
		}
	}
}

// Main is what the program does when it is started with Verb: it folds the
// table in dir and returns the exit code.
func Main(ctx context.Context, dir string, in io.Reader, out, errs io.Writer) int {
	debug.SetGCPercent(25)
	err := fold(ctx, dir, &reader{Reader: bufio.NewReaderSize(in, 256<<10)}, &writer{Writer: bufio.NewWriter(out)})
	if errors.Is(err, versions.ErrFolding) {
		return busy
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	return 0
}

func fold(ctx context.Context, dir string, r *reader, w *writer) error {
	live := r.chains()
	if r.err != nil {
		return r.err
	}
	rep, err := versions.Fold(ctx, dir, live, func(_ context.Context, before, s versions.Snapshot, put versions.Put) error {
		w.byte(askChanges)
		w.snapshot(&before)
		w.snapshot(&s)
		if err := w.Flush(); err != nil {
			return err
		}
		return r.changes(put)
	})
	if err != nil {
		return err
	}
	b, err := json.Marshal(rep)
	if err != nil {
		return err
	}
	w.byte(tellReport)
	w.bytes(string(b))
	return w.Flush()
}
