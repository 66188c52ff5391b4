package dir

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// cacheTag is the mark of a cache directory, https://bford.info/cachedir/.
const cacheTag = "CACHEDIR.TAG:Signature: 8a477f597d28d172789f06886806bc55"

// tag is a file whose presence says that its directory's contents, but for the
// tag itself, are to be left out.
type tag struct{ name, begin string }

func newTags(opt Options) ([]tag, error) {
	specs := opt.IfPresent
	if opt.ExcludeCaches {
		specs = append(append([]string{}, specs...), cacheTag)
	}
	var tags []tag
	for _, s := range specs {
		name, begin, _ := strings.Cut(s, ":")
		if name == "" || strings.ContainsAny(name, "/\x00") {
			return nil, fmt.Errorf("%q doesn't name a tag file: %w", s, errTag)
		}
		tags = append(tags, tag{name, begin})
	}
	return tags, nil
}

var errTag = errors.New("give a file name, or a file name, a colon and the file's first bytes")

// onlyTag returns the name of the tag that a folder holds, or "".
func (s *Source) onlyTag(fd int, names *listing) string {
	for _, t := range s.tags {
		if _, ok := names.find(t.name); ok && begins(fd, t) {
			return t.name
		}
	}
	return ""
}

// begins reports whether the tag's file begins as it should. One that can't be
// read is no tag: leaving too much in is the smaller harm.
func begins(at int, t tag) bool {
	if t.begin == "" {
		return true
	}
	fd, err := openat(at, t.name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, false)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	buf := make([]byte, len(t.begin))
	n, err := unix.Pread(fd, buf, 0)
	return err == nil && string(buf[:max(n, 0)]) == t.begin
}
