package generation

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zeebo/blake3"
)

// hashed is the size up to which a file's content is hashed into the manifest
// and checked when a generation is opened. Larger files carry checksums of
// their own that are verified where they are read; of them the size is checked,
// because reading a mapped file beyond its end kills the process.
const hashed = 64 << 10

// manifest lists what belongs to a generation.
type manifest struct {
	Files []file `json:"files"`
	Note  []byte `json:"note"`
}

type file struct {
	Name string   `json:"name"`
	Size int64    `json:"size"`
	Hash [32]byte `json:"hash"` // BLAKE3, of small files only
}

// describe lists the files of path.
func describe(path string) ([]file, error) {
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, e := range list {
		if !e.Type().IsRegular() {
			return nil, errors.New("a generation holds files only, but " + filepath.Join(path, e.Name()) + " is none")
		}
		f := file{Name: e.Name()}
		if err := f.measure(path); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func (f *file) measure(dir string) error {
	h, err := os.Open(filepath.Join(dir, f.Name))
	if err != nil {
		return err
	}
	defer h.Close()
	info, err := h.Stat()
	if err != nil {
		return err
	}
	f.Size = info.Size()
	if f.Size > hashed {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(h, hashed))
	if err != nil {
		return err
	}
	f.Hash = blake3.Sum256(b)
	return nil
}

// readManifest reads the manifest in path and compares it with what is there.
func readManifest(path string, hash [32]byte) (manifest, error) {
	var m manifest
	name := filepath.Join(path, manifestName)
	b, err := os.ReadFile(name)
	if err != nil {
		return m, &DamageError{name, "it cannot be read", err}
	}
	if blake3.Sum256(b) != hash {
		return m, &DamageError{name, "it is not the one that CURRENT names", nil}
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, &DamageError{name, "it cannot be decoded", err}
	}
	for _, want := range m.Files {
		got := file{Name: want.Name}
		if err := got.measure(path); err != nil {
			how := "it cannot be read"
			if errors.Is(err, fs.ErrNotExist) {
				how = "it is missing"
			}
			return m, &DamageError{filepath.Join(path, want.Name), how, err}
		}
		if got != want {
			return m, &DamageError{filepath.Join(path, want.Name), "it differs from what was written", nil}
		}
	}
	return m, nil
}
