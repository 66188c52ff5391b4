package systems

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// running is a process that the program started, or that one of these started.
type running struct {
	pid, parent int
	name        string
}

// processes lists what runs with the machine's mark. What has ended and was not
// waited for has no environment any more, so it is not among them.
func (h *host) processes() (list []running) {
	h.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	check(h.t, err)
	for _, f := range files {
		env, err := os.ReadFile(f)
		if err != nil || !strings.Contains("\x00"+string(env), "\x00"+h.mark+"\x00") {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(f), "stat"))
		if err != nil {
			continue
		}
		var p running
		from, to := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
		p.pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(f)))
		p.name = string(stat[from+1 : to])
		rest := strings.Fields(string(stat[to+1:]))
		p.parent, _ = strconv.Atoi(rest[1])
		list = append(list, p)
	}
	return list
}

// child returns the number of the one child of that name that the process has.
func (p *process) child(name string) int {
	t := p.h.t
	t.Helper()
	var found []int
	for _, r := range p.h.processes() {
		if r.parent == p.cmd.Process.Pid && r.name == name {
			found = append(found, r.pid)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d programs %s run, want one: %v", len(found), name, p.h.processes())
	}
	return found[0]
}

// noProcesses waits until nothing runs any more that the program started.
func (h *host) noProcesses() {
	h.t.Helper()
	until(h.t, "all that the program started has ended", func() bool { return len(h.processes()) == 0 })
}

// scratch lists what lies in the folders for what is needed for a while.
func (h *host) scratch() (left []string) {
	h.t.Helper()
	for _, dir := range []string{"scratch", "tmp"} {
		names, err := os.ReadDir(h.path(dir))
		check(h.t, err)
		for _, n := range names {
			left = append(left, dir+"/"+n.Name())
		}
	}
	return left
}

// clean fails the test where anything was left on the machine.
func (h *host) clean(when string) {
	h.t.Helper()
	h.noProcesses()
	if left := h.scratch(); len(left) > 0 {
		h.t.Errorf("%s these were left: %v", when, left)
	}
	records, err := filepath.Glob(h.path("state", "*", "*"))
	check(h.t, err)
	if len(records) > 0 {
		h.t.Errorf("%s something is stopped: %v", when, records)
	}
}

// holdsConf fails the test where the snapshot lacks the engine's configuration.
func (h *host) holdsConf(id string) {
	h.t.Helper()
	if r := h.want(0, "dump", id, "/systems/claims/directories/conf/engine.yaml"); r.out != engineFile {
		h.t.Errorf("the folder in the snapshot holds %q", r.out)
	}
}
