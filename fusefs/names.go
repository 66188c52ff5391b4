package fusefs

import (
	"encoding/hex"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// nameLimit is how long a name of the mount's own may be: what all file
// systems take, less the room for what is appended to make it unique.
const nameLimit = 200

// timeName is a time as the mount's names tell it.
func timeName(t time.Time) string { return t.UTC().Format("2006-01-02T15-04-05Z") }

// escapeName makes a name out of a host or tag, which may hold anything. Bytes
// that a name can't have or that would harm a terminal stand as %XX, as does
// '%' itself, so that the original can be told; the empty string is "%". What
// would be too long ends in a hash instead.
func escapeName(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		dots := c == '.' && (s == "." || s == "..")
		if c < 0x20 || c == 0x7f || c == '/' || c == '%' || dots || c == 0xc2 && i+1 < len(s) && s[i+1] < 0xa0 {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
			continue
		}
		b.WriteByte(c)
	}
	switch e := b.String(); {
	case e == "":
		return "%"
	case len(e) > nameLimit:
		sum := xxhash.Sum64String(s)
		return strings.ToValidUTF8(e[:nameLimit-20], "") + "~" + strconv.FormatUint(sum, 16)
	default:
		return e
	}
}

// extension is what of a file's name a version of it keeps, so that programs
// know what it is: the last suffix, where it looks like one.
func extension(name string) string {
	ext := path.Ext(name)
	if ext == name || len(ext) > 20 || strings.ContainsAny(ext, "%") || escapeName(ext) != ext {
		return ""
	}
	return ext
}

// unique returns name, or name with -2, -3, … before ext, whichever is the
// first that is not taken.
func unique(name, ext string, taken func(string) bool) string {
	for n := 1; ; n++ {
		s := name + ext
		if n > 1 {
			s = name + "-" + strconv.Itoa(n) + ext
		}
		if !taken(s) {
			return s
		}
	}
}

func idName(id [32]byte) string { return hex.EncodeToString(id[:]) }
