package secondreader

import "github.com/klauspost/compress/zstd"

// Vault is an opened repository.
type Vault struct {
	dir   string
	conf  config
	keys  *secrets
	names nameKeys
	live  *state       // what the log says exists
	types map[byte]int // entries of the log by type

	listed map[hash]listed    // packs by name
	places map[hash][]hash    // chunk id → packs that hold it
	open   map[hash]*openPack // the packs in memory

	recent      map[ref][]byte // chunks that were read
	recentBytes int

	zstd *zstd.Decoder
}

// Open opens the repository in a directory with a password, reads and verifies
// the whole log and all live index files. Under a password of the role backup
// snapshots and their contents stay closed.
func Open(dir string, password []byte) (*Vault, error) {
	conf, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	keys, err := openSlots(dir, conf, password)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxIndex))
	if err != nil {
		return nil, err
	}
	v := &Vault{
		dir: dir, conf: conf, keys: keys, names: deriveKeys(keys.identity), live: newState(), types: map[byte]int{},
		listed: map[hash]listed{}, places: map[hash][]hash{}, open: map[hash]*openPack{},
		recent: map[ref][]byte{}, zstd: z,
	}
	if err := v.readLog(); err != nil {
		return nil, err
	}
	if err := v.loadIndex(); err != nil {
		return nil, err
	}
	return v, nil
}
