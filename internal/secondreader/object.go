package secondreader

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zeebo/blake3"
)

// The kinds of objects.
const (
	kindConfig   = 1
	kindKey      = 2
	kindPack     = 3
	kindIndex    = 4
	kindSnapshot = 5
	kindLog      = 6
)

const (
	version  = 1
	headSize = 12
)

// head returns what an object of the kind begins with.
func head(kind byte) []byte {
	return append([]byte("IvyVault"), version, kind, 0, 0)
}

// readObject reads the file at path below the repository and checks its head.
func readObject(dir, path string, kind byte) ([]byte, error) {
	object, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		return nil, err
	}
	if len(object) < headSize || string(object[:headSize]) != string(head(kind)) {
		return nil, fmt.Errorf("%s: not an object of kind %d in version %d", path, kind, version)
	}
	return object, nil
}

// readNamed reads an object that is named by its bytes, and checks that it is.
func readNamed(dir, family string, name hash, kind byte) ([]byte, error) {
	digits := hex.EncodeToString(name[:])
	path := filepath.Join(family, digits)
	if kind == kindPack {
		path = filepath.Join(family, digits[:2], digits)
	}
	object, err := readObject(dir, path, kind)
	if err != nil {
		return nil, err
	}
	if blake3.Sum256(object) != name {
		return nil, fmt.Errorf("%s: its bytes do not have this name", path)
	}
	return object, nil
}

// parseName reads 64 lower-case hexadecimal digits.
func parseName(s string) (name hash, err error) {
	p, err := hex.DecodeString(s)
	if err == nil && (len(p) != len(name) || hex.EncodeToString(p) != s) {
		err = fmt.Errorf("%q isn't a name of 64 digits", s)
	}
	copy(name[:], p)
	return name, err
}
