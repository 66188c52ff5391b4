package log

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
	"ivyvault/repo/store/schedtest"
)

// The world of the model: one chunk c. Each pack holds it; an index file's
// bytes are the names of its packs. The packs of the setup are garbage: their
// snapshots are forgotten. Each writer stores a snapshot that needs c, each
// sweeper removes what is not needed.
type model struct {
	copies    int  // packs that hold c at the beginning
	writers   int  //
	sweepers  int  //
	rounds    int  // sweeps that each sweeper tries
	keeps     bool // writers keep before they commit
	look      bool // logs look beyond the end
	open      bool // logs are opened step by step, not at once at the beginning
	parent    bool // writer 0 takes c over from a live parent, which sweeper 0 forgets
	resume    bool // writer 1 goes on with what a run keeps, if one does
	dies      bool // writer 0 ends after its keep, and is the only one that keeps
	stale     bool // fault: writer 1 takes a later base than the one that named the keep
	racy      bool // fault: put-if-absent is two steps
	unchecked bool // fault: writers commit without CanCommit
}

type world struct {
	model
	m *mem.Store // as it is at the beginning
}

func object(t store.Type, n Name) store.Name {
	return store.Name{Type: t, Name: hex.EncodeToString(n[:])}
}

func (m model) options(s Medium, r seal.Role) Options {
	return Options{Store: s, Sealer: plainSealer{r}, Config: Name{9}, Now: func() time.Time { return time.UnixMilli(1) }, noLook: !m.look}
}

// prepare makes the store that every execution begins with.
func (m model) prepare(ctx context.Context) (*mem.Store, error) {
	s := mem.New()
	o := m.options(s, seal.Full)
	if err := Create(ctx, o); err != nil {
		return nil, err
	}
	l, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	for i := range m.copies {
		pack, index := nm(100+i), nm(200+i)
		s.Replace(object(store.Pack, pack), []byte("c"))
		s.Replace(object(store.Index, index), pack[:])
		if _, _, err := l.Append(ctx, l.State(), first(i+1, index)); err != nil {
			return nil, err
		}
	}
	var old []Name
	for i := range m.copies {
		if !m.parent || i > 0 {
			old = append(old, nm(i+1))
		}
	}
	if len(old) > 0 {
		if _, _, err := l.Append(ctx, l.State(), Forget{old}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (m model) setup(prepared *mem.Store) schedtest.World {
	w := &world{model: m, m: prepared}
	out := schedtest.World{Store: w.m, Check: w.check, Independent: unseen}
	add := func(name string, run func(context.Context, schedtest.Store) error) {
		out.Procs = append(out.Procs, schedtest.Proc{Name: name, Run: func(ctx context.Context, s schedtest.Store) error {
			if m.racy {
				s = schedtest.Racy{Store: s}
			}
			return run(ctx, s)
		}})
	}
	for i := range m.writers {
		add(fmt.Sprintf("writer %d", i), func(ctx context.Context, s schedtest.Store) error { return w.write(ctx, s, i) })
	}
	for i := range m.sweepers {
		add(fmt.Sprintf("sweeper %d", i), func(ctx context.Context, s schedtest.Store) error { return w.sweep(ctx, s, i) })
	}
	return out
}

// unseen are puts of objects that others read only after an entry names them.
func unseen(kind string, name store.Name, _ func(store.Name) bool) bool {
	return kind == "put" && name.Type == store.Index
}

func (w *world) begin(ctx context.Context, s schedtest.Store, r seal.Role) (*Log, error) {
	if w.open {
		return Open(ctx, w.options(s, r))
	}
	l, err := Open(ctx, w.options(w.m, r))
	if err == nil {
		l.o.Store = s
	}
	return l, err
}

// packsOf reads an index file.
func packsOf(ctx context.Context, s Medium, index Name) ([]Name, error) {
	raw, err := s.Get(ctx, object(store.Index, index), 0, -1)
	if err != nil {
		return nil, err
	}
	var all []Name
	for p := range slices.Chunk(raw, 32) {
		all = append(all, Name(p))
	}
	return all, nil
}

// check is the invariant: a reader finds a live copy of c for each live
// snapshot, and each snapshot that was reported as committed is live.
func (w *world) check(ctx context.Context, m *mem.Store, reported []string) error {
	l, err := Open(ctx, w.options(m, seal.Full))
	if err != nil {
		return err
	}
	st := l.State()
	for _, id := range reported { // committed, says their writer
		if _, live := st.Form(Name([]byte(id))); !live {
			return fmt.Errorf("snapshot %x was reported as committed and is not live", id)
		}
	}
	if len(st.Snapshots()) == 0 {
		return nil
	}
	for _, x := range st.Index() {
		all, err := packsOf(ctx, m, x)
		if err != nil {
			continue
		}
		for _, p := range all {
			if _, err := m.Get(ctx, object(store.Pack, p), 0, 0); err == nil {
				return nil
			}
		}
	}
	return errors.New("a live snapshot needs c, and no live copy of it is there")
}

// write is a backup: it looks c up, or puts it; stores its index file and its
// snapshot; and commits.
func (w *world) write(ctx context.Context, s schedtest.Store, i int) error {
	l, err := w.begin(ctx, s, seal.Backup)
	if err != nil {
		return err
	}
	base := l.State()
	id := nm(50 + i)
	r := Relies{Packs: Set{}, Own: Set{}, Index: Set{}}
	c := Commit{Form: id, ID: id, Run: run(i)}
	if w.parent && i == 0 {
		if _, live := base.Form(nm(1)); live {
			r.Parents = []Name{nm(1)}
		}
	}
	if w.resume && i == 1 {
		if base, err = l.Refresh(ctx); err != nil {
			return err
		}
		kept := base.Keeps()
		if w.stale {
			if base, err = l.Refresh(ctx); err != nil {
				return err
			}
		}
		for _, k := range kept {
			for _, x := range k.Index {
				if all, err := packsOf(ctx, s, x); err == nil {
					r.Packs.Add(all[0])
					r.Index.Add(x)
					c.Index = append(c.Index, x)
				}
			}
		}
	}
	if len(r.Parents) == 0 && len(r.Packs) == 0 {
		if p, ok := w.find(ctx, s, base, i); ok {
			r.Packs.Add(p)
		}
	}
	for try := range 3 {
		if len(r.Parents) == 0 && len(r.Packs) == 0 {
			pack, index := nm(1000+10*i+try), nm(2000+10*i+try)
			if _, err := s.Put(ctx, object(store.Pack, pack), []byte("c")); err != nil {
				return err
			}
			if _, err := s.Put(ctx, object(store.Index, index), pack[:]); err != nil {
				return err
			}
			r.Own, r.Index, c.Index = Set{pack: {}}, Set{index: {}}, []Name{index}
		}
		err = w.decide(ctx, l, base, r, c)
		var swept *SweptError
		if !errors.As(err, &swept) {
			break
		}
		// What it needs is stored again; it then relies on nothing else.
		base = l.State()
		r = Relies{}
	}
	if err == nil {
		s.Note(string(id[:]))
	}
	return err
}

func (w *world) decide(ctx context.Context, l *Log, base *State, r Relies, c Commit) error {
	allowed := func(now *State) error {
		if w.unchecked {
			return nil
		}
		return CanCommit(base, now, r)
	}
	if w.keeps && (!w.dies || c.Run == run(0)) {
		_, err := l.Update(ctx, func(now *State) (Body, error) {
			return Keep{Run: c.Run, Parent: firstOf(r.Parents), Index: c.Index}, allowed(now)
		})
		if err != nil || w.dies {
			return errors.Join(err, errors.New("killed after its keep"))
		}
	}
	_, err := l.Update(ctx, func(now *State) (Body, error) { return c, allowed(now) })
	return err
}

// find looks for c in the live packs, the even writers from the first one on,
// the odd ones from the last one.
func (w *world) find(ctx context.Context, s Medium, st *State, i int) (Name, bool) {
	live := slices.Clone(st.Index())
	if i%2 == 1 {
		slices.Reverse(live)
	}
	for _, x := range live {
		if all, err := packsOf(ctx, s, x); err == nil && len(all) > 0 {
			return all[0], true
		}
	}
	return Name{}, false
}

// sweep is a prune: it removes every pack but one copy of c, and that too where
// nothing needs it. The even sweepers retain the first live copy, the odd ones
// the last. Orphans go as well.
func (w *world) sweep(ctx context.Context, s schedtest.Store, i int) error {
	l, err := w.begin(ctx, s, seal.Full)
	if err != nil {
		return err
	}
	if w.parent && i == 0 {
		_, err := l.Update(ctx, func(now *State) (Body, error) {
			if _, live := now.Form(nm(1)); !live {
				return nil, nil
			}
			return Forget{[]Name{nm(1)}}, nil
		})
		if err != nil {
			return err
		}
	}
	for range w.rounds {
		var body Sweep
		known := map[Name][]Name{} // index files never change
		read := func(x Name) ([]Name, error) {
			if all, ok := known[x]; ok {
				return all, nil
			}
			all, err := packsOf(ctx, s, x)
			if err == nil {
				known[x] = all
			}
			return all, err
		}
		_, err := l.Update(ctx, func(now *State) (Body, error) {
			var err error
			if body, err = w.victims(ctx, s, now, i, read); err != nil || len(body.Packs) == 0 {
				return nil, err
			}
			return body, CanSweep(now, body, read)
		})
		if err != nil {
			return err
		}
		for _, p := range body.Packs {
			if err := s.Remove(ctx, object(store.Pack, p)); err != nil {
				return err
			}
		}
		for _, x := range body.IndexRemoved {
			if err := s.Remove(ctx, object(store.Index, x)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) victims(ctx context.Context, s schedtest.Store, now *State, i int, read func(Name) ([]Name, error)) (Sweep, error) {
	live := slices.Clone(now.Index())
	if i%2 == 1 {
		slices.Reverse(live)
	}
	needed := len(now.Snapshots()) > 0
	var out Sweep
	var stays []Name
	for _, x := range live {
		all, err := read(x)
		if err != nil {
			return Sweep{}, err
		}
		if needed && len(stays) == 0 {
			stays = all
			continue
		}
		out.Packs = append(out.Packs, all...)
		out.IndexRemoved = append(out.IndexRemoved, x)
	}
	err := s.List(ctx, store.Pack, func(f store.Info) error {
		raw, err := hex.DecodeString(f.Name.Name)
		if err == nil && !slices.Contains(stays, Name(raw)) && !slices.Contains(out.Packs, Name(raw)) {
			out.Packs = append(out.Packs, Name(raw)) // an orphan
		}
		return err
	})
	for _, k := range now.Keeps() {
		out.Ended = append(out.Ended, k.Run) // as if all grace were over
	}
	slices.SortFunc(out.Packs, func(a, b Name) int { return bytes.Compare(a[:], b[:]) })
	return out, err
}

// firstOf is the parent that a keep has room for.
func firstOf(parents []Name) Name {
	if len(parents) == 0 {
		return Name{}
	}
	return parents[0]
}
