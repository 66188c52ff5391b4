package versions

import "slices"

// plan says what becomes of the chains of the present generation, and which
// snapshots are to be added.
type plan struct {
	old    []oldChain
	chains []Chain // of the new generation
	steps  []step
}

// oldChain is a chain of the present generation.
type oldChain struct {
	to    uint32   // its number in the new one
	kept  uint32   // how many of its snapshots live; 0: the chain goes
	count []uint32 // for each position, and the end: how many before it live
}

// step compares a snapshot with the one before it in its chain, which is known
// only when the step is taken: a step before it may have failed.
type step struct {
	chain    uint32
	snapshot Snapshot
	done     bool
	at       uint32 // its position
}

// newPlan compares what a generation holds with what lives.
func newPlan(have, live []Chain) *plan {
	p := &plan{chains: make([]Chain, len(live)), old: make([]oldChain, len(have))}
	number := make(map[string]uint32)
	lives := make(map[Snapshot]uint32) // with its chain
	for i, c := range live {
		p.chains[i].Name = c.Name
		number[c.Name] = uint32(i)
		for _, s := range c.Snapshots {
			lives[s] = uint32(i)
		}
	}
	held := make(map[Snapshot]bool)
	for i, c := range have {
		o := &p.old[i]
		to, ok := number[c.Name]
		if !ok || len(p.chains[to].Snapshots) > 0 {
			continue
		}
		o.to, o.count = to, make([]uint32, 0, len(c.Snapshots)+1)
		for _, s := range c.Snapshots {
			o.count = append(o.count, o.kept)
			if in, ok := lives[s]; ok && in == to && !held[s] {
				o.kept++
				held[s] = true
				p.chains[to].Snapshots = append(p.chains[to].Snapshots, s)
			}
		}
		o.count = append(o.count, o.kept)
	}
	for i, c := range live {
		for _, s := range c.Snapshots {
			if !held[s] && lives[s] == uint32(i) {
				held[s] = true
				p.steps = append(p.steps, step{chain: uint32(i), snapshot: s})
			}
		}
	}
	return p
}

// stale reports whether the plan changes anything.
func (p *plan) stale() bool {
	return len(p.steps) > 0 || slices.ContainsFunc(p.old, func(o oldChain) bool {
		return int(o.kept) != len(o.count)-1
	})
}

// carry turns a span of the present generation into one of the new; false where
// only snapshots that live no more had it.
func (p *plan) carry(s *Span) bool {
	o := &p.old[s.Chain]
	if o.kept == 0 {
		return false
	}
	from, to := o.count[s.From], Open
	if s.To != Open {
		// What reached to the last snapshot that lives is what the next one
		// will be compared with.
		if to = o.count[s.To]; to == o.kept {
			to = Open
		}
	}
	if from >= to || from == o.kept {
		return false
	}
	s.Chain, s.From, s.To = o.to, from, to
	return true
}

// apply adds to a row's spans what a step that was taken says.
func (p *plan) apply(spans []Span, no uint32, state State) []Span {
	st := &p.steps[no]
	if !st.done {
		return spans
	}
	for i := len(spans) - 1; i >= 0; i-- {
		s := &spans[i]
		if s.Chain != st.chain {
			continue
		}
		if s.To != Open {
			break
		}
		if s.State == state {
			return spans
		}
		s.To = st.at
		break
	}
	if state.Kind == 0 {
		return spans
	}
	return append(spans, Span{Chain: st.chain, From: st.at, To: Open, State: state})
}

// add appends a span that was carried over, joined to the one before where the
// snapshots between them are gone.
func add(spans []Span, s Span) []Span {
	if n := len(spans); n > 0 {
		last := &spans[n-1]
		if last.Chain == s.Chain && last.To == s.From && last.State == s.State {
			last.To = s.To
			return spans
		}
	}
	return append(spans, s)
}
