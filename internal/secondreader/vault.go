package secondreader

// Vault is an opened repository.
type Vault struct {
	dir   string
	conf  config
	keys  *secrets
	names nameKeys
	live  *state // what the log says exists

	listed map[hash]listed    // packs by name
	places map[hash][]hash    // chunk id → packs that hold it
	open   map[hash]*openPack // the packs in memory

	last      ref // the chunk that was read last
	lastPlain []byte
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
	v := &Vault{dir: dir, conf: conf, keys: keys, names: deriveKeys(keys.identity)}
	if err := v.readLog(); err != nil {
		return nil, err
	}
	if err := v.loadIndex(); err != nil {
		return nil, err
	}
	return v, nil
}
