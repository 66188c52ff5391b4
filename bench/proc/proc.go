// Package proc runs programs that are to be measured: their time, and the
// memory of the program and all its children.
//
// A Job says what to run. Run waits for its end; Start leaves it running, for a
// mount. Either kills the program's whole group when its time is over, so that
// one rival that hangs costs its limit and nothing else.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Job is one program to run. Its environment is Env alone.
type Job struct {
	Argv []string
	Env  []string
	Dir  string
}

// Usage is what a run took.
type Usage struct {
	Wall time.Duration
	CPU  time.Duration // of the program and the children it waited for
	Anon int64         // bytes: peak of RssAnon+RssShmem over the program and its children
	RSS  int64         // bytes: peak of VmRSS likewise
}

// Plus adds what a following job took: times add up, peaks don't.
func (u Usage) Plus(v Usage) Usage {
	return Usage{u.Wall + v.Wall, u.CPU + v.CPU, max(u.Anon, v.Anon), max(u.RSS, v.RSS)}
}

// TimeoutError says that a program was killed because it took too long. It
// names the program without its folder, which is of no use on another machine.
type TimeoutError struct {
	Program string
	Limit   time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s was killed after %s", filepath.Base(e.Program), e.Limit)
}

// Process is a running job.
type Process struct {
	cmd   *exec.Cmd
	begun time.Time
	seen  *sampler
	out   *tail
	done  chan struct{} // closed after the end
	err   error         // of the end, valid once done is closed
}

// Start begins a job. Its memory is sampled from now on.
func Start(j Job) (*Process, error) {
	if len(j.Argv) == 0 {
		return nil, errors.New("a job without a program")
	}
	p := &Process{out: &tail{}, done: make(chan struct{})}
	p.cmd = exec.Command(j.Argv[0], j.Argv[1:]...)
	p.cmd.Env, p.cmd.Dir = j.Env, j.Dir
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A grandchild that keeps the pipe open must not keep the measurement waiting.
	p.cmd.WaitDelay = time.Second
	p.begun = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.seen = watch(p.cmd.Process.Pid)
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Begun returns when the program was started.
func (p *Process) Begun() time.Time { return p.begun }

// Signal sends a signal to the program itself.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Kill ends the program and all of its group, at once.
func (p *Process) Kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// Wait waits for the end for at most limit, kills then, and returns what the
// run took and what the program printed last.
func (p *Process) Wait(ctx context.Context, limit time.Duration) (Usage, string, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var early error
	select {
	case <-p.done:
	case <-timer.C:
		early = &TimeoutError{p.cmd.Args[0], limit}
	case <-ctx.Done():
		early = ctx.Err()
	}
	if early != nil {
		p.Kill()
		<-p.done
	}
	u := Usage{Wall: time.Since(p.begun)}
	u.Anon, u.RSS = p.seen.stop()
	if s := p.cmd.ProcessState; s != nil {
		u.CPU = s.UserTime() + s.SystemTime()
		if r, ok := s.SysUsage().(*syscall.Rusage); ok {
			u.RSS = max(u.RSS, r.Maxrss<<10)
		}
	}
	if early != nil {
		return u, p.out.String(), early
	}
	if p.err != nil {
		return u, p.out.String(), fmt.Errorf("%s: %w: %s", strings.Join(p.cmd.Args, " "), p.err, lastLines(p.out.String(), 3))
	}
	return u, p.out.String(), nil
}

// Peaks returns the peaks of memory so far.
func (p *Process) Peaks() (anon, rss int64) { return p.seen.peaks() }

// Run runs a job to its end, which comes after limit at the latest.
func Run(ctx context.Context, j Job, limit time.Duration) (Usage, string, error) {
	p, err := Start(j)
	if err != nil {
		return Usage{}, "", err
	}
	return p.Wait(ctx, limit)
}

// RunAll runs jobs one after another and returns what they took together.
func RunAll(ctx context.Context, jobs []Job, limit time.Duration) (Usage, error) {
	var all Usage
	for _, j := range jobs {
		u, _, err := Run(ctx, j, limit)
		all = all.Plus(u)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}
