package log

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"

	"ivyvault/repo/seal"
)

// The cache file is sealed and signed like an entry, as an object of a kind
// that no repository holds: prefix (head, cache version, number, config hash),
// then the box of head hash, last state and the fields of a Whole. A file that
// is torn, of another repository or of another version does not open and counts
// as absent.
const (
	cacheKind    = seal.Kind(200)
	cacheVersion = 1
	cacheNumber  = seal.HeadSize + 1
	cachePrefix  = cacheNumber + 8 + 32
)

func (l *Log) cachePrefix(n uint64) []byte {
	b := append(seal.AppendHead(make([]byte, 0, cachePrefix), cacheKind), cacheVersion)
	return append(binary.LittleEndian.AppendUint64(b, n), l.o.Config[:]...)
}

// cached returns the State in the cache file, or nil.
func (l *Log) cached() *State {
	if l.o.CacheFile == "" {
		return nil
	}
	raw, err := os.ReadFile(l.o.CacheFile)
	if err != nil || len(raw) < cachePrefix {
		return nil
	}
	n := binary.LittleEndian.Uint64(raw[cacheNumber:])
	if !bytes.Equal(raw[:cachePrefix], l.cachePrefix(n)) {
		return nil
	}
	text, _, err := l.o.Sealer.OpenBox(raw, cachePrefix, cacheKind)
	if err != nil {
		return nil
	}
	d := decoder{b: text}
	st := &State{head: Head{n, d.name()}, lastState: d.uvarint(), since: n}
	st.live = d.whole()
	if d.err != nil || len(d.b) > 0 {
		return nil
	}
	return st
}

// save writes the cache file, unless it already knows as much. It is best
// effort: without it the next start reads more and can't notice a rollback to
// before st, but nothing is wrong.
func (l *Log) save(st *State) {
	if l.o.CacheFile == "" || l.savedNumber() >= st.head.Number+1 {
		return
	}
	text := append([]byte(nil), st.head.Hash[:]...)
	text = st.live.fields(binary.AppendUvarint(text, st.lastState))
	raw, err := l.o.Sealer.SealBox(l.cachePrefix(st.head.Number), cacheKind, text)
	if err != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(l.o.CacheFile), ".log-*") // mode 0600
	if err != nil {
		return
	}
	_, err = f.Write(raw)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), l.o.CacheFile)
	}
	if err != nil {
		os.Remove(f.Name())
	}
}

// savedNumber returns one more than the number in the cache file, as it claims,
// or 0 where there is none for this repository. Another process may be ahead.
func (l *Log) savedNumber() uint64 {
	f, err := os.Open(l.o.CacheFile)
	if err != nil {
		return 0
	}
	defer f.Close()
	var b [cachePrefix]byte
	if n, _ := f.Read(b[:]); n < len(b) {
		return 0
	}
	n := binary.LittleEndian.Uint64(b[cacheNumber:])
	if !bytes.Equal(b[:], l.cachePrefix(n)) {
		return 0
	}
	if i, err := f.Stat(); err != nil || i.Size() < cachePrefix+seal.BoxOverhead {
		return 0
	}
	return n + 1
}
