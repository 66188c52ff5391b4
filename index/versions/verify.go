package versions

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4/table"
	"github.com/zeebo/blake3"
)

// Badger notices a damaged block when it reads it, but its iterators then leave
// out what the file holds without a word. So a file is verified as a whole
// before anything of it is used: once in a process, about 2 ms for each.

// at returns the number of the file where key is or would be: the first that
// does not end before it. It is len(t.files) where all do.
func (t *Table) at(key []byte) int {
	return sort.Search(len(t.files), func(i int) bool { return string(t.files[i].right) >= string(key) })
}

func (t *Table) verify(i int) error {
	f := &t.files[i]
	if f.verified.Load() {
		return nil
	}
	path := table.NewFilename(f.no, t.gen.Path)
	hash, err := hashFile(path)
	if err != nil {
		return t.damage(err)
	}
	if hash != f.hash {
		return t.damage(fmt.Errorf("%s differs from what was written", path))
	}
	f.verified.Store(true)
	return nil
}

func hashFile(path string) (hash [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return hash, err
	}
	defer f.Close()
	h := blake3.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 128<<10)); err != nil {
		return hash, err
	}
	h.Sum(hash[:0])
	return hash, nil
}

// hashFiles hashes all files of keys of a finished Badger directory.
func hashFiles(dir string) (map[uint64][32]byte, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make(map[uint64][32]byte)
	for _, e := range list {
		digits, ok := strings.CutSuffix(e.Name(), ".sst")
		if !ok {
			continue
		}
		no, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is in the way: %w", filepath.Join(dir, e.Name()), err)
		}
		if files[no], err = hashFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}
