package schedtest

import (
	"fmt"
	"slices"
)

// order returns the steps that lead to what a check looked at, for people.
func (s *search) order(c check) []string {
	var procs []cause
	for f := c.move.from; f.proc >= 0; f = s.states.from[f.state] {
		procs = append(procs, f)
	}
	slices.Reverse(procs)
	if len(procs) == 0 {
		return nil
	}
	var all []string
	say := func(x state, p int) state {
		here := s.places[x.at[p]]
		y := s.next(x, p)
		name := s.w.Procs[p].Name
		all = append(all, fmt.Sprintf("%s: %s %s: %s", name, here.op.kind, here.op.name, s.answers[s.effect(x.store, here).answer].words))
		if after := s.places[y.at[p]]; after.ended() {
			end := name + " ends"
			if after.err != nil {
				end += ": " + after.err.Error()
			}
			all = append(all, end)
		}
		y.at[p] = s.places[y.at[p]].as
		return y
	}
	for i, f := range procs {
		x := s.states.all[f.state]
		s.may(&x, int(f.proc))
		x = say(x, int(f.proc))
		for i < len(procs)-1 || x != c.move.to {
			if i < len(procs)-1 && x == s.states.all[procs[i+1].state] {
				break
			}
			p := s.first(x)
			if p < 0 {
				break
			}
			x = say(x, p)
		}
	}
	return all
}
