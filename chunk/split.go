package chunk

import (
	"fmt"
	"io"
	"math/bits"
	"sync"

	"github.com/zeebo/blake3"
)

// The ways to cut files, as they are named in a repository's config.
const (
	FastCDC = "fastcdc" // content-defined, a gear hash
	Rabin   = "rabin"   // content-defined, a Rabin fingerprint
	Fixed   = "fixed"   // every Avg bytes: for files that are written in pages, or once
)

// Cut says how files are cut into chunks: the way and the sizes in bytes. No
// chunk but a file's last is shorter than Min, none is longer than Max.
type Cut struct {
	Way           string
	Min, Avg, Max int
}

// DefaultCut returns how a new repository cuts files.
func DefaultCut() Cut {
	return CutOf(FastCDC, 512<<10)
}

// CutOf returns a cut with the usual bounds around an average: half of it, and
// four times as much. By FastCDC's second mask a chunk that would be longer is
// rarer than one in a hundred thousand.
func CutOf(way string, avg int) Cut {
	return Cut{Way: way, Min: avg / 2, Avg: avg, Max: 4 * avg}
}

// Check says what is wrong with c, if anything is.
func (c Cut) Check() error {
	switch {
	case c.Way != FastCDC && c.Way != Rabin && c.Way != Fixed:
		return fmt.Errorf("files can't be cut by %q: choose %s, %s or %s", c.Way, FastCDC, Rabin, Fixed)
	case c.Avg < 4<<10 || c.Avg > 16<<20 || bits.OnesCount(uint(c.Avg)) != 1:
		return fmt.Errorf("an average chunk of %d bytes: choose a power of two from 4 KiB to 16 MiB", c.Avg)
	case c.Min < 256 || c.Min >= c.Avg:
		return fmt.Errorf("a least chunk of %d bytes: choose 256 bytes or more, and less than the average, %d", c.Min, c.Avg)
	case c.Max <= c.Avg || c.Max > MaxSize:
		return fmt.Errorf("a greatest chunk of %d bytes: choose more than the average, %d, and at most %d", c.Max, c.Avg, MaxSize)
	}
	return nil
}

// Splitter cuts one stream. It is used by one goroutine.
type Splitter interface {
	// Next returns the next chunk, never an empty one, and io.EOF after the
	// last. The bytes are valid until the next call of Next or Close. An error
	// of the reader is returned after the bytes before it were not: what could
	// not be read whole is no chunk.
	Next() ([]byte, error)
	// Close gives the buffers back. The splitter can't be used afterwards.
	Close()
}

// Splitters makes splitters that all cut the same way, and keeps their buffers
// for the next ones: Max bytes and a little each, so that memory follows the
// number of streams that are cut at once. It may be used concurrently.
type Splitters struct {
	cut  Cut
	idle sync.Pool // of reusable
}

// reusable is a splitter that can begin again with another stream.
type reusable interface {
	Next() ([]byte, error)
	begin(r io.Reader)
}

// NewSplitters prepares splitters; deriving from the secret takes a few
// milliseconds, so do it once. Where the bytes are cut depends on the secret:
// the lengths of a known file's chunks tell nothing without it.
func NewSplitters(c Cut, secret [32]byte) (*Splitters, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := &Splitters{cut: c}
	var key [32]byte
	blake3.DeriveKey("ivyvault 2026 splitter "+c.Way, secret[:], key[:])
	switch c.Way {
	case FastCDC:
		make, err := fastCDC(c, key)
		if err != nil {
			return nil, err
		}
		s.idle.New = make
	case Rabin:
		make, err := rabin(c, key)
		if err != nil {
			return nil, err
		}
		s.idle.New = make
	case Fixed:
		s.idle.New = func() any { return &fixed{buf: make([]byte, c.Avg)} }
	}
	return s, nil
}

// Cut returns how the splitters cut.
func (s *Splitters) Cut() Cut { return s.cut }

// Split begins to cut a stream. The caller closes the result.
func (s *Splitters) Split(r io.Reader) Splitter {
	in := s.idle.Get().(reusable)
	in.begin(r)
	return &lent{in, s}
}

// lent is a splitter in use.
type lent struct {
	in   reusable
	home *Splitters
}

var _ Splitter = (*lent)(nil)

func (l *lent) Next() ([]byte, error) { return l.in.Next() }

func (l *lent) Close() {
	if l.in == nil {
		return
	}
	l.in.begin(empty{}) // lets go of the stream
	l.home.idle.Put(l.in)
	l.in = nil
}

// empty is a stream without bytes.
type empty struct{}

func (empty) Read([]byte) (int, error) { return 0, io.EOF }
