package states

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A set's files are called <set>-<number>.state, the newest having the greatest
// number; those being written end in .tmp.
const (
	suffix    = ".state"
	tmpSuffix = ".tmp"
)

func fileName(set [32]byte, n uint64) string {
	return fmt.Sprintf("%x-%016x%s", set, n, suffix)
}

// list returns the names of the set's files, unfinished ones first, then the
// newest to the oldest, and the number that a new one gets.
func list(dir string, set [32]byte) (names []string, next uint64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, err
	}
	prefix := hex.EncodeToString(set[:]) + "-"
	var finished []string
	for _, e := range entries {
		name := e.Name()
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		if strings.HasSuffix(name, tmpSuffix) {
			names = append(names, name)
			continue
		}
		no, ok := strings.CutSuffix(rest, suffix)
		n, err := strconv.ParseUint(no, 16, 64)
		if !ok || err != nil || name != fileName(set, n) {
			continue
		}
		finished = append(finished, name)
		next = max(next, n+1)
	}
	// The numbers have a fixed width.
	slices.Sort(finished)
	slices.Reverse(finished)
	return append(names, finished...), next, nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
