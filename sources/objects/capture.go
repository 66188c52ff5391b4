package objects

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"strings"
	"sync"

	"ivyvault/sources"
	"ivyvault/sources/listing"
	"ivyvault/sources/secret"
)

// Options says what is captured of a bucket, or where it goes back.
type Options struct {
	// Prefix begins all keys that are captured. Where what was captured below
	// one prefix goes back to another, the beginnings of the keys are exchanged.
	Prefix string
	Create bool         // a restore makes the bucket where there is none
	Tool   string       // for Facts: what speaks with the server
	Mask   *secret.Mask // takes secrets out of errors
}

// Capture captures a bucket.
func Capture(ctx context.Context, b Bucket, o Options) (sources.Capture, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	at, err := b.Look(ctx)
	if err != nil {
		return nil, o.clean(err)
	}
	return &capture{bucket: b, opt: o, about: at}, nil
}

func (o *Options) clean(err error) error {
	if err == nil {
		return nil
	}
	if text := o.Mask.Clean(err.Error()); text != err.Error() {
		return &masked{text, err}
	}
	return err
}

// masked is an error whose text held a secret.
type masked struct {
	text string
	err  error
}

func (m *masked) Error() string { return m.text }

// Unwrap returns the error as it was.
func (m *masked) Unwrap() error { return m.err }

type capture struct {
	bucket Bucket
	opt    Options
	about  About

	mu      sync.Mutex
	listed  bool             // the last walk came to its end
	count   map[string]int64 // of the last walk
	strange int64
	absent  map[string]bool  // listed, and not there when it was opened
	grown   map[string]int64 // bytes that changed objects have more than was listed
	dead    error            // the server is gone

	asking sync.Mutex // one asks whether the server is there
}

var (
	_ sources.Capture   = (*capture)(nil)
	_ sources.Described = (*capture)(nil)
)

// header is what bucket.json holds. It is the same from night to night.
type header struct {
	Product string            `json:"product"`
	Where   string            `json:"where"`
	Prefix  string            `json:"prefix"`
	Details map[string]string `json:"details,omitempty"`
	Naming  string            `json:"naming"`
}

const naming = `Below "objects" the path is the key. Where a key can't be a path, names end in a mark: the folders "", "." and ".." in "~"; objects of these names, and objects whose key is a folder too, in "~object". Below "unusual" the path is the key in hexadecimal, cut after every 200 digits, where the name ends in "+". What an object carries beside its content is JSON in the extended attribute ` + Attribute + `.`

// Entries lists the bucket and yields it in the order of a walk.
func (c *capture) Entries(ctx context.Context) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		c.mu.Lock()
		c.listed, c.count, c.strange = false, map[string]int64{"objects": 0, "bytes": 0}, 0
		c.dead, c.absent, c.grown = nil, map[string]bool{}, map[string]int64{}
		c.mu.Unlock()
		err := c.walk(ctx, yield)
		if errors.Is(err, errEnough) {
			return
		}
		if ended := context.Cause(ctx); ended != nil {
			err = ended
		}
		if err != nil {
			yield(sources.Entry{}, c.opt.clean(err))
			return
		}
		c.mu.Lock()
		c.listed = true
		c.mu.Unlock()
	}
}

var errEnough = errors.New("nobody listens")

func (c *capture) walk(ctx context.Context, yield func(sources.Entry, error) bool) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	text, err := json.MarshalIndent(header{c.about.Product, c.about.Where, c.opt.Prefix, c.about.Details, naming}, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	l := lister{yield: yield, attr: sources.Attr{UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Links: 1}}
	if !l.file(about, int64(len(text)), sources.Time{}, []byte{}, listing.Bytes("", text, zeroTime()).Open) {
		return errEnough
	}
	return all(ctx, c.bucket, c.opt.Prefix, most, func(path string, o Object) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		c.count["objects"]++
		c.count["bytes"] += o.Size
		if strings.HasPrefix(path, unusual+"/") {
			c.strange++
		}
		c.mu.Unlock()
		at := sources.Time{Sec: o.Modified.Unix(), Nsec: uint32(o.Modified.Nanosecond())}
		if o.Modified.IsZero() {
			at = sources.Time{}
		}
		if !l.file(path, o.Size, at, stamp(&o), &item{c, o}) {
			return errEnough
		}
		return nil
	})
}

// stamp is the version of an object, in short.
func stamp(o *Object) []byte {
	if o.ETag == "" && o.Version == "" {
		return []byte{}
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(o.Size))
	b = binary.LittleEndian.AppendUint64(b, uint64(o.Modified.UnixNano()))
	b = append(append(append(b, o.ETag...), 0), o.Version...)
	sum := sha256.Sum256(b)
	return sum[:16]
}

// lister yields files and, before them, the folders that they are in.
type lister struct {
	yield func(sources.Entry, error) bool
	attr  sources.Attr
	dir   string // the present folder
}

func (l *lister) file(path string, size int64, at sources.Time, stamp []byte, i sources.Item) bool {
	dir := path[:max(0, strings.LastIndexByte(path, '/'))]
	if dir != l.dir {
		for n := 1; n <= len(dir); n++ {
			if n < len(dir) && dir[n] != '/' || strings.HasPrefix(l.dir, dir[:n]) && (len(l.dir) == n || l.dir[n] == '/') {
				continue
			}
			a := l.attr
			a.Type, a.Mode = sources.Dir, 0o700
			if !l.yield(sources.Entry{Path: dir[:n], Attr: a}, nil) {
				return false
			}
		}
		l.dir = dir
	}
	a := l.attr
	a.Type, a.Mode, a.Size, a.MTime, a.CTime = sources.File, 0o600, uint64(max(0, size)), at, at
	return l.yield(sources.Entry{Path: path, Attr: a, Stamp: stamp, Item: i}, nil)
}

// Facts tells what was captured. It fails where the listing broke off.
func (c *capture) Facts(context.Context) (sources.Facts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.listed {
		return sources.Facts{}, fmt.Errorf("%s was not listed to its end: the capture is worth nothing", c.about.Where)
	}
	f := sources.Facts{
		Product: c.about.Product, Version: c.about.Version, Tool: c.opt.Tool, Consistency: sources.Hot,
		Counts:  map[string]int64{"objects": c.count["objects"] - int64(len(c.absent)), "bytes": c.count["bytes"]},
		Details: c.about.Details,
		Notes:   append([]string{"each object is whole; what was written while the list was read may be in or not"}, c.about.Notes...),
	}
	for _, more := range c.grown {
		f.Counts["bytes"] += more
	}
	if n := len(c.absent); n > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d objects were deleted between their listing and their reading", n))
	}
	if n := len(c.grown) - len(c.absent); n > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d objects were replaced between their listing and their reading: the newer ones are captured", n))
	}
	if c.strange > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d objects stand below %q, since their keys can't be paths", c.strange, unusual))
	}
	return f, nil
}

// note remembers that an object was another size than was listed, or gone.
func (c *capture) note(o *Object, gone bool, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if gone {
		c.absent[o.Key] = true
	}
	c.grown[o.Key] = size - o.Size
}

func (c *capture) Close(context.Context) error { return nil }

func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
