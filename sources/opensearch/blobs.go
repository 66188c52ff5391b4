package opensearch

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"ivyvault/sources/listing"
)

// repositoryName is the folder of a captured tree that holds the files of the
// server's repository. It can be registered as it is, readonly.
const repositoryName = "repository"

const (
	latestName = "index.latest" // the only file that is written again in place
	listPrefix = "index-"       // index-N is the list of all, N its generation
)

// longestList bounds the list of a repository, in bytes.
const longestList = 256 << 20

// generation reads which list is the newest.
func generation(p []byte) (int64, error) {
	if len(p) != 8 {
		return 0, fmt.Errorf("%s holds %d bytes, not 8", latestName, len(p))
	}
	n := int64(binary.BigEndian.Uint64(p))
	if n < 0 {
		return 0, fmt.Errorf("%s names a generation that can't be", latestName)
	}
	return n, nil
}

// newest reads the generation of the repository in a folder of this machine.
func newest(local string) (int64, error) {
	p, err := os.ReadFile(filepath.Join(local, latestName))
	if err != nil {
		return 0, err
	}
	return generation(p)
}

// held is a repository's files at one generation. The lists are held in memory
// from the beginning; the other files never change while they are there.
type held struct {
	generation int64
	files      []listing.File
	bytes      int64
}

// hold lists the files of the repository in a folder.
func hold(local string) (*held, error) {
	n, err := newest(local)
	if err != nil {
		return nil, err
	}
	h := &held{generation: n}
	err = filepath.WalkDir(local, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(local, name)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && (rel == "." || rel == "indices" || strings.HasPrefix(rel, "indices/")):
			return nil
		case d.IsDir():
			return fs.SkipDir // left by a test of the server, or not its own
		case !h.wanted(rel):
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is not a regular file, and a server writes no others", name)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := listing.File{Path: path.Join(repositoryName, rel), Size: info.Size(), MTime: info.ModTime()}
		if rel == latestName || rel == listPrefix+strconv.FormatInt(n, 10) {
			return h.list(&f, name)
		}
		f.Stamp = stampOf(rel, info.Size())
		f.Open = func(context.Context) (io.ReadCloser, error) { return openBlob(name, info.Size()) }
		h.files = append(h.files, f)
		h.bytes += info.Size()
		return nil
	})
	if err != nil {
		return nil, err
	}
	// The lists were read last but one; were they exchanged, then all is open.
	if again, err := newest(local); err != nil || again != n {
		return nil, errors.Join(err, &MovedError{n, again})
	}
	return h, nil
}

// list takes a list into memory.
func (h *held) list(f *listing.File, name string) error {
	if f.Size > longestList {
		return fmt.Errorf("%s is larger than %d MiB", name, longestList>>20)
	}
	p, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	h.files = append(h.files, listing.Bytes(f.Path, p, f.MTime))
	h.bytes += int64(len(p))
	return nil
}

// wanted tells whether a file belongs to the repository at this generation.
func (h *held) wanted(rel string) bool {
	if strings.Contains(rel, "/") {
		return true
	}
	switch {
	case rel == latestName, rel == listPrefix+strconv.FormatInt(h.generation, 10), rel == "incompatible-snapshots":
		return true
	}
	return strings.HasSuffix(rel, ".dat") && (strings.HasPrefix(rel, "meta-") || strings.HasPrefix(rel, "snap-"))
}

// numbered are lists that older servers number: a repository that is made anew
// has the same names.
var numbered = regexp.MustCompile(`^(index-[0-9]+|incompatible-snapshots)$`)

// stampOf is the stamp of a blob: its name, which is random and used once,
// stands for its content, and its size tells a torn one.
func stampOf(rel string, size int64) []byte {
	if numbered.MatchString(path.Base(rel)) {
		return nil // always read
	}
	return []byte("blob " + strconv.FormatInt(size, 10))
}

// MovedError says that a repository got another generation while it was read.
type MovedError struct{ Was, Is int64 }

func (e *MovedError) Error() string {
	return fmt.Sprintf("somebody else changed the snapshot repository while it was read (generation %d, now %d): see that nobody takes or deletes snapshots in it during a backup, and run again", e.Was, e.Is)
}
