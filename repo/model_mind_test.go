package repo_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"

	"ivyvault/repo"
	"ivyvault/repo/log"
	"ivyvault/repo/prune"
	"ivyvault/repo/store"
)

// What is in this file tells the scheduler what a process still knows, in the
// five spots where that is little and where it can be seen from here:
//
//   - A try of a write begins. What was there before it is in the Repo alone, see
//     Repo.Memory; the Writer was made just now, from that and from the keeps that
//     it read. How often it began counts, since it gives up some time.
//   - A write appends its commit. From here on it uses what the commit says, what
//     it relies on and since when, and the Repo: the entry is tried again with the
//     same content until it is won or refused.
//   - A try of a prune begins. What was there before it is in the Repo alone.
//   - A prune listed objects. It has compared the list with what is live by its
//     base, the log's state with which the try began, and goes on with what is not
//     live; of what is, it counts bytes for the report. Packs and needs follow from
//     the base, from the index as of then, and from what it read of snapshots,
//     trees and packs since.
//   - A prune appends its sweep. Of what it listed it uses, beside the sweep, only
//     what is removed without one: what is not live and not in the sweep.
//
// How often the log was looked at in between, what was read of index files, and
// which objects came and went meanwhile is forgotten. Runs that are kept would
// be known to a prune too, so it tells nothing where the log has any.
//
// None of that is taken on trust: each next operation is compared, histories are
// run on by themselves (schedtest.Options.Again), and TestModelRemembers compares
// all that is reached.

// mind is what a process has in mind, as its store sees it.
type mind interface {
	begins()                                        // it is about to read or list what is neither of the log nor of the index
	read(n store.Name, off, count int64, err error) // it has read such an object
	listed(t store.Type, there []store.Name)        //
	appends(says []byte)                            // it has sealed an entry of the log, and will try to put it
}

// writing is a try of a write.
type writing struct {
	process
	try int
	w   *repo.Writer
}

var _ mind = (*writing)(nil)

// forget tells that the try begins.
func (m *writing) forget() {
	m.st.Remember(fmt.Sprintf("begins, %d\n%s\n%q", m.try, m.w.Memory(), m.d.made()))
}

func (m *writing) begins()                              {}
func (m *writing) read(store.Name, int64, int64, error) {}
func (m *writing) listed(store.Type, []store.Name)      {}

func (m *writing) appends(says []byte) {
	if repo.EntryType(says) == log.TypeCommit {
		m.st.Remember(fmt.Sprintf("commits %x, %d\n%s\n%s\n%q", says, m.try, m.w.Relied(), m.r.Memory(), m.d.made()))
	}
}

// pruning is a try of a prune.
type pruning struct {
	process
	try  int
	base *log.State      // nil before anything but log and index was looked at
	then string          // Memory with which the plan began
	live map[string]bool // packs and index files, by then
	saw  []string        // what it read since
	left []store.Name    // what it listed and is not live
}

var _ mind = (*pruning)(nil)

// forget tells that the try begins.
func (m *pruning) forget() {
	m.st.Remember(fmt.Sprintf("begins, %d\n%s\n%q", m.try, m.r.Memory(), m.d.made()))
}

func (m *pruning) begins() {
	if m.base == nil {
		m.base, m.then, m.live = m.r.State(), m.r.Memory(), m.r.Live()
	}
}

func (m *pruning) read(n store.Name, off, count int64, err error) {
	m.saw = append(m.saw, fmt.Sprint(n, off, count, err))
}

func (m *pruning) listed(t store.Type, there []store.Name) {
	for _, n := range there {
		if !m.live[n.String()] {
			m.left = append(m.left, n)
		}
	}
	m.remember(fmt.Sprint("listed ", t), m.left)
}

func (m *pruning) appends(says []byte) {
	if repo.EntryType(says) != log.TypeSweep || m.base == nil {
		return
	}
	m.remember(fmt.Sprintf("sweeps %x", says), slices.DeleteFunc(slices.Clone(m.left), func(n store.Name) bool {
		raw, err := hex.DecodeString(n.Name)
		return err == nil && bytes.Contains(says, raw)
	}))
}

func (m *pruning) remember(what string, left []store.Name) {
	if len(m.base.Keeps())+len(m.r.State().Keeps()) == 0 {
		m.st.Remember(fmt.Sprintf("%s, %d\n%s\n%q\n%q\n%s\n%q", what, m.try, m.then, m.saw, left, m.r.Memory(), m.d.made()))
	}
}

// tries notices when a prune begins anew.
type tries struct {
	process
	n int
}

var _ prune.Observer = (*tries)(nil)

// Step implements prune.Observer.
func (t *tries) Step(what string) {
	if what != "finding what snapshots need" {
		return
	}
	t.n++
	m := &pruning{process: t.process, try: t.n}
	m.forget()
	t.d.mind = m
}

// Progress implements prune.Observer.
func (t *tries) Progress(int64, int64) {}

// Notice implements prune.Observer.
func (t *tries) Notice(string) {}
