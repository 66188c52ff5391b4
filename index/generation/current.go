package generation

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/zeebo/blake3"
)

const (
	Current      = "CURRENT"
	manifestName = "manifest"
	makeLockName = "make.lock"
	firstLine    = "generation 1"
)

// current is the content of CURRENT: three lines, the last one a checksum of
// the two before it.
type current struct {
	n    uint64
	hash [32]byte // of the manifest
}

func (c current) bytes() []byte {
	body := fmt.Sprintf("%s\n%d %x\n", firstLine, c.n, c.hash)
	sum := blake3.Sum256([]byte(body))
	return fmt.Appendf(nil, "%s%x\n", body, sum[:8])
}

func readCurrent(dir string) (current, error) {
	path := filepath.Join(dir, Current)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return current{}, fmt.Errorf("%s: %w", dir, ErrNone)
	}
	if err != nil {
		return current{}, &DamageError{path, "it cannot be read", err}
	}
	var c current
	if lines := strings.Split(string(b), "\n"); len(lines) == 4 {
		no, sum, _ := strings.Cut(lines[1], " ")
		h, err := hex.DecodeString(sum)
		c.n, _ = strconv.ParseUint(no, 10, 64)
		if err == nil && len(h) == 32 {
			copy(c.hash[:], h)
		}
	}
	if string(b) != string(c.bytes()) {
		return current{}, &DamageError{path, "it is torn or of another version", nil}
	}
	return c, nil
}

func folder(dir string, n uint64) string { return filepath.Join(dir, fmt.Sprintf("gen-%d", n)) }

func lockFile(dir string, n uint64) string { return folder(dir, n) + ".lock" }

// number reads n out of a name gen-<n> or gen-<n>.lock.
func number(name string) (uint64, bool) {
	s, ok := strings.CutPrefix(strings.TrimSuffix(name, ".lock"), "gen-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

// replace writes a file so that it is there whole or not at all, even after a
// power cut.
func replace(path string, b []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	return syncPath(filepath.Dir(path))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
