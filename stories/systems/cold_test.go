package systems

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// engine is a process that a start script leaves running and a stop script
// ends, with a file that says what it was last told.
type engine struct {
	h     *host
	store *slow
}

const (
	startScript = `#!/bin/sh
%s
nohup sleep 100000 %s &
echo $! > "$HOME/engine.pid"
echo running > "$HOME/engine.state"
echo started >> "$HOME/trace"
`
	stopScript = `#!/bin/sh
%s
pid=$(cat "$HOME/engine.pid")
kill "$pid"
while grep -q '^State:.[^ZX]' "/proc/$pid/status" 2>/dev/null; do sleep 0.01; done
echo stopped > "$HOME/engine.state"
echo stopped >> "$HOME/trace"
`
	coldSection = `    mode: cold
    hooks:
      before: {command: [/bin/sh, -c, 'echo before >> "$HOME/trace"']}
      after: {command: [/bin/sh, -c, 'echo after >> "$HOME/trace"']}
      stop: {command: [%s]}
      start: {command: [%s]}
`
)

// newEngine makes a system that is captured cold, and starts its engine as its
// users do, outside of any backup.
func newEngine(t *testing.T) *engine {
	t.Helper()
	h := newHost(t, "")
	e := &engine{h: h, store: startSlow(t)}
	e.scripts("", "", "</dev/null >/dev/null 2>&1")
	h.configure(fmt.Sprintf(coldSection, h.path("stop"), h.path("start")) + e.store.section(h))
	// Whoever starts the engine does it with an environment of its own: it is no
	// process of the program's.
	t.Cleanup(func() {
		if pid := e.pid(); e.alive() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // the test is over
		}
	})
	r := h.run(h.path("start"))
	if r.code != 0 || !e.alive() {
		t.Fatalf("the engine does not start: %s", r)
	}
	e.trace(t, "started")
	return e
}

// scripts writes how the engine is started and stopped: what happens before
// each, and what the engine writes to.
func (e *engine) scripts(start, stop, output string) {
	e.h.t.Helper()
	// The engine bears no mark of the program's.
	clean := "unset STORY\n"
	check(e.h.t, os.WriteFile(e.h.path("start"), []byte(fmt.Sprintf(startScript, clean+start, output)), 0o755))
	check(e.h.t, os.WriteFile(e.h.path("stop"), []byte(fmt.Sprintf(stopScript, stop)), 0o755))
}

func (e *engine) read(name string) string {
	p, err := os.ReadFile(e.h.path(name))
	if err != nil && !os.IsNotExist(err) {
		e.h.t.Fatal(err)
	}
	return strings.TrimSpace(string(p))
}

func (e *engine) pid() int {
	n, _ := strconv.Atoi(e.read("engine.pid"))
	return n
}

// alive tells whether the engine's process runs.
func (e *engine) alive() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.pid()))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// trace fails the test where other hooks ran since it was asked last.
func (e *engine) trace(t *testing.T, want ...string) {
	t.Helper()
	if got := strings.Fields(e.read("trace")); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("what ran was %v, want %v", got, want)
	}
	check(t, os.RemoveAll(e.h.path("trace")))
}

// runs fails the test where the engine does not run.
func (e *engine) runs(t *testing.T, when string) {
	t.Helper()
	if e.read("engine.state") != "running" || !e.alive() {
		t.Errorf("%s the engine does not run: it is %s", when, e.read("engine.state"))
	}
}

// night is a good backup, for which the engine is stopped and started.
func (e *engine) night(t *testing.T) {
	t.Helper()
	before := e.pid()
	e.h.want(0, "backup", "--system", "claims").says(t, "the system claims is stopped", "the system claims was started again", "whole       documents/pdf")
	e.trace(t, "before", "stopped", "started", "after")
	e.runs(t, "after a good night")
	if e.pid() == before {
		t.Error("the engine was never stopped")
	}
	e.h.clean("after a good night")
}

// resumes brings the engine back after a backup that was killed.
func (e *engine) resumes(t *testing.T) {
	t.Helper()
	// Whatever verb comes next says it, on standard error only.
	r := e.h.want(0, "snapshots", "--json")
	if !strings.Contains(r.err, "claims was stopped for a backup") || !strings.Contains(r.err, "ivyvault system resume claims") || strings.Contains(r.out, "stopped") {
		t.Errorf("the next verb does not name the system on standard error: %s", r)
	}
	e.h.want(1, "backup", "--system", "claims").says(t, "was stopped before and not started again", "ivyvault system resume claims")
	e.trace(t, "before", "after")
	e.h.want(0, "system", "resume", "claims").says(t, "the system claims was started")
	e.runs(t, "resumed,")
	e.trace(t, "started")
	e.h.want(0, "system", "resume").says(t, "nothing is stopped")
	if r := e.h.want(0, "snapshots"); strings.Contains(r.err, "stopped") {
		t.Errorf("it is still called stopped: %s", r)
	}
	e.h.clean("resumed,")
	e.night(t)
}

func TestColdKilledWhileStopped(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.night(t)
	p, _ := e.store.held(e.h)
	if e.alive() || e.read("engine.state") != "stopped" {
		t.Error("the engine runs while it is captured cold")
	}
	// As long as the backup lives, the engine is its business alone.
	if r := e.h.want(0, "snapshots"); strings.Contains(r.err, "stopped") {
		t.Errorf("a system that a living backup will start is named: %s", r)
	}
	e.h.want(1, "system", "resume", "claims").says(t, "it will start it itself")
	e.trace(t, "before", "stopped")
	p.kill()
	e.h.noProcesses()
	if e.alive() {
		t.Error("the engine runs: there is nothing to resume")
	}
	e.resumes(t)
	if n := len(e.h.snapshots()); n != 2 {
		t.Errorf("%d snapshots, want those of the two good nights", n)
	}
}

// Asked to end while the engine is stopped, it starts it by itself.
func TestColdEndedWhileStopped(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p, _ := e.store.held(e.h)
		p.signal(s)
		p.want(130).says(t, "the system claims was started again", "interrupted")
		e.trace(t, "before", "stopped", "started", "after")
		e.runs(t, s.String())
		e.h.clean(s.String())
	}
	if n := len(e.h.snapshots()); n != 0 {
		t.Errorf("%d snapshots of what was broken off", n)
	}
	e.night(t)

	// Where it can't be started, that is said, and not only who broke it off.
	quiet := "</dev/null >/dev/null 2>&1"
	e.scripts("echo no licence >&2; exit 9", "", quiet)
	p, _ := e.store.held(e.h)
	p.signal(syscall.SIGTERM)
	p.want(130).says(t, "THE SYSTEM claims IS STILL STOPPED", "no licence", "ivyvault system resume claims", "interrupted")
	e.trace(t, "before", "stopped", "after")
	e.h.want(1, "system", "resume").says(t, "still stopped", "no licence")
	e.scripts("", "", quiet)
	e.resumes(t)
}

// Killed or asked to end in the middle of the very hooks that stop and start.
func TestColdInTheHooks(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	quiet := "</dev/null >/dev/null 2>&1"
	hold := `[ -p "$HOME/hold" ] && { echo held >> "$HOME/trace"; read -r x < "$HOME/hold"; }`
	e.scripts(hold, "", quiet)
	for _, hook := range []string{"stop", "start"} {
		if hook == "stop" {
			e.scripts("", hold, quiet)
		} else {
			e.scripts(hold, "", quiet)
		}
		h := &holding{h: e.h}
		h.make()
		p := h.caught(e.h.start("backup", "--system", "claims"))
		p.kill()
		h.drop()
		e.h.noProcesses()
		check(t, os.RemoveAll(e.h.path("trace")))
		if hook == "stop" && !e.alive() {
			t.Error("the engine was stopped by a hook that was held before")
		}
		if hook == "stop" {
			e.end()
		}
		e.resumes(t)

		h.make()
		p = h.caught(e.h.start("backup", "--system", "claims"))
		p.signal(syscall.SIGTERM)
		if hook == "start" {
			// What starts the engine is not broken off.
			h.free()
		}
		p.want(130).says(t, "the system claims was started again")
		h.drop()
		e.runs(t, "after SIGTERM in the hook "+hook+",")
		check(t, os.RemoveAll(e.h.path("trace")))
		e.h.clean("after SIGTERM in the hook " + hook + ",")
	}
	e.scripts("", "", quiet)
	e.night(t)
}

// end ends the engine as its users would.
func (e *engine) end() {
	_ = syscall.Kill(e.pid(), syscall.SIGKILL) // it is ours
	until(e.h.t, "the engine has ended", func() bool { return !e.alive() })
}

// Many start scripts leave an engine that still writes to where they wrote. It
// goes on running, and neither the hook nor the backup waits for it.
func TestColdStartScriptThatLeavesItsOutputOpen(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.scripts("", "", "")
	e.night(t)
	e.end()
	check(t, os.WriteFile(e.h.path("engine.state"), []byte("running\n"), 0o644))
}
