package secondreader

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zeebo/blake3"
)

// The types of log entries.
const (
	typeState  = 1
	typeCommit = 2
	typeForget = 3
	typeMark   = 4
	typeKeep   = 5
	typeSweep  = 6
)

type runID [16]byte

// logEntry is one verified entry; of the fields by type those of its own.
type logEntry struct {
	number, time uint64
	role         byte // of who signed it
	kind         byte
	newestState  uint64

	state        *state // state
	form, id     hash   // commit
	replaces     hash   // commit, or zeros
	run          runID  // commit, keep
	parent       hash   // keep, or zeros
	snapshots    []hash // forget
	packs        []hash // mark, sweep
	index        []hash // commit, keep; those that a sweep adds
	indexRemoved []hash // sweep
	ended        []runID
}

// readLog reads the log from entry 0 to its end.
func (v *Vault) readLog() error {
	files, err := os.ReadDir(filepath.Join(v.dir, "log")) // sorted
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("the log is empty")
	}
	previous := v.conf.sum
	for n, f := range files {
		if f.Name() != fmt.Sprintf("%016d", n) {
			return fmt.Errorf("log: %s stands where %016d should", f.Name(), n)
		}
		object, err := readObject(v.dir, filepath.Join("log", f.Name()), kindLog)
		if err != nil {
			return err
		}
		e, err := v.openEntry(object, uint64(n), previous)
		if err == nil {
			err = v.live.apply(e)
		}
		if err != nil {
			return fmt.Errorf("log/%s: %w", f.Name(), err)
		}
		v.types[e.kind]++
		previous = blake3.Sum256(object)
	}
	return nil
}

// openEntry verifies entry n by itself and its place in the chain.
func (v *Vault) openEntry(object []byte, n uint64, previous hash) (*logEntry, error) {
	body, role, err := v.checkSigned(object)
	if err != nil {
		return nil, err
	}
	const box = headSize + 8 + 32
	d := decoder{p: body[headSize:]}
	if number := d.u64(); number != n {
		d.fail("its number is %d", number)
	}
	if !bytes.Equal(d.take(32), previous[:]) {
		d.fail("it does not follow the entry before it")
	}
	if d.err != nil {
		return nil, d.err
	}
	plain, err := v.openBox(body, box, kindLog)
	if err != nil {
		return nil, err
	}
	e := &logEntry{number: n, role: role}
	return e, e.parse(plain)
}

func (e *logEntry) parse(plain []byte) error {
	d := decoder{p: plain}
	e.kind, e.time, e.newestState = d.u8(), d.uv(), d.uv()
	switch e.kind {
	case typeState:
		e.state = parseState(&d)
	case typeCommit:
		e.form, e.id, e.replaces, e.run = d.hash(), d.hash(), d.hash(), d.run()
		e.index = d.names()
	case typeForget:
		e.snapshots = d.names()
	case typeMark:
		e.packs = d.names()
	case typeKeep:
		e.run, e.parent = d.run(), d.hash()
		e.index = d.names()
	case typeSweep:
		e.packs, e.indexRemoved, e.index = d.names(), d.names(), d.names()
		d.list(16, func(key []byte) { e.ended = append(e.ended, runID(key)) })
	default:
		d.fail("unknown type %d", e.kind)
	}
	return d.done()
}

// parseState reads the fields of a state entry.
func parseState(d *decoder) *state {
	s := newState()
	d.list(32, func(id []byte) { s.snapshots[hash(id)] = d.hash() })
	for _, name := range d.names() {
		s.index[name] = true
	}
	d.list(32, func(pack []byte) { s.marked[hash(pack)] = mark{d.uv(), d.uv()} })
	d.list(16, func(run []byte) {
		k := keep{entry: d.uv(), time: d.uv(), parent: d.hash()}
		k.index = d.names()
		s.kept[runID(run)] = k
	})
	return s
}

// list reads a list: count, then items that begin with a key of size bytes, in
// ascending order of their keys. item takes what follows the key.
func (d *decoder) list(size uint64, item func(key []byte)) {
	var last []byte
	for range d.count(size) {
		key := d.take(size)
		if d.err != nil {
			return
		}
		if last != nil && bytes.Compare(last, key) >= 0 {
			d.fail("a list is not sorted")
			return
		}
		last = key
		item(key)
	}
}

func (d *decoder) names() (names []hash) {
	d.list(32, func(key []byte) { names = append(names, hash(key)) })
	return names
}

func (d *decoder) run() (r runID) {
	copy(r[:], d.take(16))
	return r
}
