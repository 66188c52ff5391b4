package systems

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// run runs another program on the machine, without the mark.
func (h *host) run(program string) result {
	h.t.Helper()
	cmd := exec.Command(program)
	cmd.Dir, cmd.Env = h.dir, []string{"HOME=" + h.dir, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		out = append(out, err.Error()...)
	}
	return result{[]string{program}, cmd.ProcessState.ExitCode(), string(out), ""}
}

// holding is a pipe from which a hook reads a line, and waits for it.
type holding struct{ h *host }

func (x *holding) make() {
	x.h.t.Helper()
	check(x.h.t, syscall.Mkfifo(x.h.path("hold"), 0o600))
}

// drop takes the pipe away: no hook waits any more.
func (x *holding) drop() { check(x.h.t, os.Remove(x.h.path("hold"))) }

// caught waits until a hook waits.
func (x *holding) caught(p *process) *process {
	x.h.t.Helper()
	until(x.h.t, "a hook waits", func() bool {
		select {
		case <-p.gone:
			x.h.t.Fatalf("it ended before a hook waited: %s", p.end)
		default:
		}
		trace, err := os.ReadFile(x.h.path("trace"))
		return err == nil && strings.HasSuffix(string(trace), "held\n")
	})
	return p
}

// free lets the hook that waits go on.
func (x *holding) free() {
	x.h.t.Helper()
	check(x.h.t, os.WriteFile(x.h.path("hold"), []byte("go\n"), 0o600))
}

const hookSection = `    hooks:
      before:
        - {command: ['echo before1 >> "$HOME/trace"'], shell: true}
        - {command: ['[ ! -p "$HOME/hold" ] || [ -e "$HOME/after" ] || { echo held >> "$HOME/trace"; read -r x < "$HOME/hold"; }'], shell: true}
        - {command: ['echo before3 >> "$HOME/trace"'], shell: true}
      after:
        - {command: ['[ ! -e "$HOME/after" ] || { echo held >> "$HOME/trace"; read -r x < "$HOME/hold"; }'], shell: true}
        - {command: ['echo after2 >> "$HOME/trace"; exit 7'], shell: true}
        - {command: ['echo after3 >> "$HOME/trace"'], shell: true}
`

// Ctrl-C while a hook runs: the hook ends, no other hook before the capture
// runs, all after it do, even where one of them fails.
func TestInterruptedInAHook(t *testing.T) {
	t.Parallel()
	h := newHost(t, strings.Replace(hookSection, "; exit 7", "", 1))
	trace := func(want string) {
		t.Helper()
		p, err := os.ReadFile(h.path("trace"))
		check(t, err)
		if got := strings.Join(strings.Fields(string(p)), " "); got != want {
			t.Errorf("%q ran, want %q", got, want)
		}
		check(t, os.Remove(h.path("trace")))
	}
	h.want(0, "backup", "--system", "claims")
	trace("before1 before3 after2 after3")
	for _, failing := range []bool{false, true} {
		if failing {
			h.configure(hookSection)
		}
		x := &holding{h}
		x.make()
		p := x.caught(h.start("backup", "--system", "claims"))
		p.signal(syscall.SIGINT)
		p.want(130).says(t, "interrupted")
		trace("before1 held after2 after3")
		h.clean("interrupted in a hook before,")

		// In a hook after: it and those after it run to their end.
		check(t, os.WriteFile(h.path("after"), nil, 0o600))
		p = x.caught(h.start("backup", "--system", "claims"))
		p.signal(syscall.SIGINT)
		x.free()
		if failing {
			p.want(130).says(t, "the hook 'after 2'", "exit code 7", "interrupted")
		} else {
			p.want(130)
		}
		trace("before1 before3 held after2 after3")
		check(t, os.Remove(h.path("after")))
		x.drop()
		h.clean("interrupted in a hook after,")
	}
	if n := len(h.snapshots()); n != 1 {
		t.Errorf("%d snapshots, want the good night's alone", n)
	}

	// Killed in a hook: no snapshot, and the hook ends too.
	x := &holding{h}
	x.make()
	p := x.caught(h.start("backup", "--system", "claims"))
	p.kill()
	h.clean("killed in a hook,")
	x.drop()
	h.configure(strings.Replace(hookSection, "; exit 7", "", 1))
	h.want(0, "backup", "--system", "claims")
}
