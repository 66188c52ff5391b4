package backup

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zeebo/blake3"
	"golang.org/x/sys/unix"

	"ivyvault/repo"
)

// ErrHeld is what Run's error Is where another process on this machine is
// capturing the same backup set into the same repository.
var ErrHeld = errors.New("held by another process")

// hold keeps a second run of the same set away from this machine: both would
// do the same work, and the second would compare with an old parent. The lock
// ends with the process, however that ends.
func hold(r *repo.Repo, opt Options) (release func(), err error) {
	sum := blake3.Sum256([]byte(r.Config().ID + "\x00" + repo.SetID(opt.Host, opt.Paths)))
	path := r.CachePath(filepath.Join("held", hex.EncodeToString(sum[:16])))
	if path == "" {
		path = filepath.Join(os.TempDir(), fmt.Sprintf("ivyvault-held-%d-%x", os.Getuid(), sum[:16]))
	} else if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the cache folder can't be written: %w: choose another with --cache-dir, or --no-cache", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the file that keeps a second backup of the same set away can't be opened: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		f.Close()
		return nil, fmt.Errorf("a backup of these paths into this repository is running on this machine already: wait for its end (%w)", ErrHeld)
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "flock", Path: path, Err: err}
	}
	// The file stays: removing it would let two processes hold two files of
	// the same name.
	return func() { f.Close() }, nil
}
