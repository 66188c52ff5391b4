package versions

import (
	"encoding/binary"
	"strings"
)

// The key of a path is
//
//	'v' ‖ for each name of the path: 00 ‖ name
//
// so that keys are in the order of a walk, a directory before what is in it and
// siblings by the bytes of their names; names hold no zero byte and are not
// empty. Continuations of a row have the key ‖ 00 00 ‖ u32 number, which sorts
// behind the row and before the first entry below it.
const keyPrefix = 'v'

// MaxPath is the length of the longest paths that a table holds, in bytes;
// longer ones are left out. Badger has a limit for keys.
const MaxPath = 60000

// appendKey appends the key of dir/name; both may be empty.
func appendKey(b []byte, dir, name string) []byte {
	b = append(b, keyPrefix)
	if dir != "" {
		b = append(b, 0)
		at := len(b)
		b = append(b, dir...)
		for i := at; i < len(b); i++ {
			if b[i] == '/' {
				b[i] = 0
			}
		}
	}
	if name != "" {
		b = append(b, 0)
		b = append(b, name...)
	}
	return b
}

// odd reports whether a path can't be one of a snapshot.
func odd(path string) bool {
	return strings.IndexByte(path, 0) >= 0 || strings.Contains(path, "//") ||
		strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/")
}

func appendContinuation(b []byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, 0, 0), n)
}
