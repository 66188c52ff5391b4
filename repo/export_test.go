package repo

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"ivyvault/chunk"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/repo/store/mem"
)

// PutAs stores p under a name that is not its own: what somebody can do who
// holds a backup key and knows how ids are made.
func (w *Writer) PutAs(ctx context.Context, ref chunk.Ref, p []byte) error {
	_, hashes := w.r.keys.Name(ref.Kind, p, nil)
	var s scratch
	return w.add(ctx, ref, w.r.codec.Frames(&s.frames, p, hashes))
}

// Reopen opens the repository that r opened once more, over another store that
// holds a copy of it, and spares the key derivation.
func (r *Repo) Reopen(ctx context.Context, st store.Store, opt Options) (*Repo, error) {
	obj, err := st.Get(ctx, store.Name{Type: store.Config}, 0, -1)
	if err != nil {
		return nil, err
	}
	config := r.config
	config.PackSize = 64 << 10 // buffers as small as the worlds of the model
	return assemble(ctx, st, config, seal.ObjectName(obj), r.ring, opt)
}

// WithOpened makes what is opened with these options remember in seen what the
// entries of the log say, and give the new ones to Repeat's same.
func (opt Options) WithOpened(seen *Opened) Options {
	opt.entries = func(r *Repo) log.Sealer { return entries{r, seen} }
	return opt
}

// Opened holds entries of logs that were opened and verified once: the same
// bytes always say the same. The zero value holds none.
type Opened struct{ all sync.Map } // object → opened

type opened struct {
	plain []byte
	who   seal.Signer
}

type entries struct {
	r    *Repo
	seen *Opened
}

func (e entries) Role() seal.Role { return e.r.ring.Role() }

func (e entries) SealBox(prefix []byte, kind seal.Kind, plain []byte) ([]byte, error) {
	obj, err := e.r.ring.SealBox(prefix, kind, plain)
	if err == nil && e.r.same != nil {
		obj = e.r.same(store.Log, obj)
	}
	return obj, err
}

func (e entries) OpenBox(obj []byte, prefix int, kind seal.Kind) ([]byte, seal.Signer, error) {
	if o, known := e.seen.all.Load(string(obj)); known {
		return bytes.Clone(o.(opened).plain), o.(opened).who, nil
	}
	plain, who, err := e.r.ring.OpenBox(obj, prefix, kind)
	if err == nil {
		e.seen.all.Store(string(obj), opened{bytes.Clone(plain), who})
	}
	return plain, who, err
}

// Derived is Reopen under a new key of the role.
func (r *Repo) Derived(ctx context.Context, st store.Store, role seal.Role, opt Options) (*Repo, error) {
	ring, err := r.ring.Derive(role)
	if err != nil {
		return nil, err
	}
	config, err := st.Get(ctx, store.Name{Type: store.Config}, 0, -1)
	if err != nil {
		return nil, err
	}
	return assemble(ctx, st, r.config, seal.ObjectName(config), ring, opt)
}

// Repeat makes a write end no index file by the clock: after each pack where
// often is set, else only at its end. same is called for each object that is
// about to be stored, see Repo.
func (r *Repo) Repeat(often bool, same func(store.Type, []byte) []byte) {
	r.every, r.same = 1<<62, same
	if often {
		r.every = 0
	}
}

// BeRun gives the write a run id that the number decides, in place of its random
// one.
func (w *Writer) BeRun(n uint64) {
	w.run = log.Run{}
	binary.LittleEndian.PutUint64(w.run[:], n)
}

// Meaning returns what an object that a process is about to store says: all but
// what is drawn anew each time, and the time.
func (r *Repo) Meaning(t store.Type, obj []byte) ([]byte, error) {
	switch t {
	case store.Log:
		const before = seal.HeadSize + 8 + 32
		plain, _, err := r.ring.OpenBox(obj, before, seal.KindLog)
		if err != nil {
			return nil, err
		}
		_, n := binary.Uvarint(plain[1:]) // the time
		return slices.Concat(obj[:before], plain[:1], plain[1+n:]), nil
	case store.Index:
		plain, _, err := r.ring.OpenBox(obj, seal.HeadSize, seal.KindIndex)
		return plain, err
	case store.Snapshot:
		plain, _, err := r.ring.OpenSnapshot(obj)
		return plain, err
	case store.Pack:
		m := mem.New()
		m.Replace(packName(Name{}), obj)
		p, err := (&Repo{store: m, ring: r.ring, keys: r.keys}).readPackTable(context.Background(), Name{}, int64(len(obj)))
		if err != nil {
			return nil, err
		}
		var all []byte
		for i := range p.table.Len() {
			all = fmt.Appendln(all, p.table.Entry(i))
		}
		return all, nil
	}
	return nil, fmt.Errorf("no process stores an object of %s", t)
}

// Memory returns all that r knows that can change, so that with the same answers
// of the store one of the same memory goes on the same way: how far the log was
// read, whose entries each name the one before by its hash; what the index holds,
// in the order in which it would be tried; whose signatures and which packs'
// tables are known, of which the small worlds here never have too many. A cache
// folder there is none.
func (r *Repo) Memory() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []byte
	all = fmt.Appendf(all, "log %v %v, index %d\n", r.state.Head(), r.log.State().Head(), r.indexAt)
	if ix := r.ix(); ix != nil {
		for p := range ix.Packs() {
			all = fmt.Appendf(all, "%x %x %d\n", p.Name, p.Index, p.Chunks)
		}
		for _, n := range r.state.Index() {
			all = fmt.Appendf(all, "%v ", ix.Has(n))
		}
	}
	var some []string
	for n := range r.adopted {
		some = append(some, "adopted "+n.String())
	}
	r.packs.mu.Lock()
	defer r.packs.mu.Unlock()
	for n := range r.packs.items {
		some = append(some, "opened "+n.String())
	}
	r.signers.Range(func(k, v any) bool {
		some = append(some, fmt.Sprintf("signer %x %v", k, v))
		return true
	})
	slices.Sort(some)
	return fmt.Sprintf("%s%q %v", all, some, r.writing)
}

// Memory returns Repo.Memory, and what a write that has just begun knows beside
// it.
func (w *Writer) Memory() string {
	var some []string
	for p, x := range w.byPack {
		some = append(some, p.String()+x.String())
	}
	slices.Sort(some)
	return fmt.Sprintf("%s\n%v %q", w.r.Memory(), w.base.Head(), some)
}

// Relied returns what a write relies on, and since when.
func (w *Writer) Relied() string {
	r := w.relied()
	var some []string
	for n := range r.Packs {
		some = append(some, fmt.Sprintf("pack %x", n))
	}
	for n := range r.Own {
		some = append(some, fmt.Sprintf("own %x", n))
	}
	for n := range r.Index {
		some = append(some, fmt.Sprintf("index %x", n))
	}
	slices.Sort(some)
	return fmt.Sprintf("%v %q %x", w.base.Head(), some, r.Parents)
}

// Live returns the names in the store of all packs and index files that are live
// as far as r knows.
func (r *Repo) Live() map[string]bool {
	live := map[string]bool{}
	state := r.State()
	for p := range r.ix().Packs() {
		if state.HasIndex(p.Index) {
			live[packName(Name(p.Name)).String()] = true
		}
	}
	for _, n := range state.Index() {
		live[store.Name{Type: store.Index, Name: Name(n).String()}.String()] = true
	}
	return live
}

// EntryType returns the type of a log's entry by what Meaning returned.
func EntryType(says []byte) log.Type { return log.Type(says[seal.HeadSize+8+32]) }
