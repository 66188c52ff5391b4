package systems

import (
	"strings"
	"syscall"
	"testing"
)

// story is one kind of part and how its capture is held still and disturbed.
// The part is one of the system claims, beside the folder conf.
type story struct {
	h    *host
	part string // its path in a snapshot: "databases/system"
	gate *gate
	trap func() *trap
	// kill ends the server as a crash does, launch starts it again.
	kill, launch func()
	tool         string   // of others, that runs while the part is held still; "" is none
	died         []string // what is said where the server died
	scratch      bool     // it has files in scratch when it is held still
	// left looks for what the program left on the server, when it has ended.
	left func(when string)
}

// run tells all bad nights of the part, and that the nights after them are good.
func (s *story) run(t *testing.T) {
	h := s.h
	s.night(t) // a good one, so that the others have something to go on from
	if s.tool != "" {
		p := s.held(t)
		tool := p.child(s.tool)
		check(t, syscall.Kill(tool, syscall.SIGKILL))
		r := p.want(3)
		s.gate.open()
		s.incomplete(t, r, s.tool, "killed")
		s.over(t, "the tool having been killed,")
	}

	// Whoever breaks it off gets no snapshot and finds nothing left, at once.
	before := len(h.snapshots())
	p := s.held(t)
	p.signal(syscall.SIGINT)
	p.want(130).says(t, "interrupted")
	s.gate.open()
	s.over(t, "interrupted,")

	p = s.held(t)
	if r := p.kill(); r.code != -1 {
		t.Fatalf("it ended before it was killed: %s", r)
	}
	s.gate.open()
	if n := len(h.snapshots()); n != before {
		t.Errorf("%d snapshots instead of %d: one that was interrupted or killed has left one", n, before)
	}
	h.noProcesses()
	s.night(t)

	p = s.held(t)
	s.kill()
	s.gate.open()
	r := p.want(3)
	s.incomplete(t, r, s.died...)
	h.clean("the server having died,")
	s.launch()
	s.night(t)
	h.want(0, "check", "--read-data")
}

// night is one good backup, after which nothing is left.
func (s *story) night(t *testing.T) {
	t.Helper()
	s.h.want(0, "backup", "--system", "claims").says(t, "whole       "+s.part, "whole       directories/conf")
	s.over(t, "after a good night,")
}

// held starts a backup and returns it in the middle of the part.
func (s *story) held(t *testing.T) *process {
	t.Helper()
	tr := s.gate.arm(s.trap())
	// With --force all is read, also what is as it was in the night before.
	p := s.h.start("backup", "--system", "claims", "--force")
	tr.caught(t, p)
	if s.scratch && len(s.h.scratch()) == 0 {
		t.Error("nothing lies in scratch: this says nothing of what is left there")
	}
	return p
}

// over looks for what is left when a run has ended.
func (s *story) over(t *testing.T, when string) {
	t.Helper()
	s.h.clean(when)
	if s.left != nil {
		s.left(when)
	}
}

// incomplete judges a run in which the part failed.
func (s *story) incomplete(t *testing.T, r result, words ...string) {
	t.Helper()
	r.says(t, append(words, "the part "+s.part+" could not be captured", "FAILED      "+s.part, "whole       directories/conf", "incomplete")...)
	said := false
	for line := range strings.Lines(r.err) {
		if strings.Contains(line, "the part "+s.part) {
			said = true
			t.Logf("it says: %s", line)
		}
	}
	if !said {
		t.Errorf("no sentence names the part: %s", r)
	}
	ids := s.h.snapshots()
	s.h.holdsConf(ids[len(ids)-1])
}
