// Package rows writes sorted rows into a new Badger directory and opens a
// finished one for reading, in little memory. The directory is meant to be a
// generation, see package generation: it is written once, by one process, and
// never changed; that is why Badger's own lock is not used.
package rows

import (
	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// TableSize is the size of Badger's files of keys. While a fold writes, several
// are in memory at once, each with about three times its size; while it is
// read, each costs one open and two mapped ranges.
const TableSize = 4 << 20

// settings sets everything that costs memory: no caches (files are mapped,
// so the kernel caches them), the least memtable and value log, which stay
// empty, no background work. All values stand beside their keys.
func settings(path string) badger.Options {
	o := badger.DefaultOptions(path)
	o.Logger = nil
	o.MetricsEnabled = false
	o.DetectConflicts = false
	o.NumVersionsToKeep = 1
	o.Compression = options.None
	o.BlockCacheSize = 0
	o.IndexCacheSize = 0
	o.BlockSize = 4 << 10
	o.BloomFalsePositive = 0.005
	o.MemTableSize = 1 << 20
	o.ValueThreshold = 128 << 10
	o.ValueLogFileSize = 1 << 20
	o.NumMemtables = 1
	o.NumGoroutines = 1
	o.NumCompactors = 0
	o.BaseTableSize = TableSize
	o.TableSizeMultiplier = 1
	o.MaxLevels = 2
	// Blocks are verified as they are read: a generation of 10 million chunks
	// is too large to verify at every start.
	o.ChecksumVerificationMode = options.OnBlockRead
	return o
}

// Open opens a finished directory. On damaged files Badger may panic, here and
// later: callers recover.
func Open(path string) (*badger.DB, error) {
	o := settings(path)
	o.ReadOnly = true
	o.BypassLockGuard = true
	db, err := badger.Open(o)
	if err != nil {
		return nil, err // with some errors Badger returns a part of a DB, whose Close panics
	}
	return db, nil
}
