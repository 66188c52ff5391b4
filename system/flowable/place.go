package flowable

import (
	"path"
	"strconv"
	"strings"
)

// folders are the names of folders by the first part of a store id, where they
// aren't the same.
func folder(kind string) string {
	switch kind {
	case "task":
		return "task-content"
	case "proc":
		return "process-instance-content"
	case "case":
		return "cmmn"
	}
	return kind
}

// The older store numbers its files and keeps so many to a folder, in folders
// so deep.
const (
	blockSize = 1024
	depth     = 4
)

// place returns where the file of a store id lies below the root folder of the
// content; false where the id can't be one of a file.
func place(storeID string) (string, bool) {
	if n, err := strconv.ParseUint(storeID, 10, 63); err == nil {
		return numbered(n)
	}
	parts := strings.Split(storeID, ".")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[len(parts)-1] == "" {
		return "", false
	}
	for _, p := range parts {
		if strings.ContainsAny(p, "/\x00") {
			return "", false // two dots can't come here, for they part
		}
	}
	parts[0] = folder(parts[0])
	return path.Join(parts...), true
}

// numbered is the place of the older store.
func numbered(n uint64) (string, bool) {
	parts := make([]string, depth)
	for i := range depth {
		parts[depth-1-i] = strconv.FormatUint(n%blockSize, 10)
		n /= blockSize
	}
	return path.Join(parts...), n == 0
}

// While a content is replaced, the new one and the old one have names for a
// while, beside the content, that are made of its store id.
const (
	tempSuffix = "_TEMP"
	oldSuffix  = "_OLD"
)

// meanwhile is where the old and the new content of a store id lie for a while.
func meanwhile(at, storeID string) []string {
	dir := path.Dir(at)
	return []string{path.Join(dir, storeID+oldSuffix), path.Join(dir, storeID+tempSuffix)}
}

// transient tells whether a file has such a name.
func transient(name string) bool {
	return strings.HasSuffix(name, tempSuffix) || strings.HasSuffix(name, oldSuffix)
}

// ours tells whether a file lies where Flowable keeps content.
func ours(name string) bool {
	parts := strings.Split(name, "/")
	switch {
	case len(parts) == depth:
		for _, p := range parts {
			if n, err := strconv.Atoi(p); err != nil || n < 0 || n >= blockSize {
				return false
			}
		}
		return true
	case len(parts) == 2 || len(parts) == 3:
		return looksLikeID(strings.TrimSuffix(strings.TrimSuffix(parts[len(parts)-1], tempSuffix), oldSuffix))
	}
	return false
}

// looksLikeID tells whether a name ends with a UUID: 8-4-4-4-12 digits.
func looksLikeID(name string) bool {
	const length = 36
	if len(name) < length {
		return false
	}
	id := name[len(name)-length:]
	for i := range id {
		c := id[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash && c != '-' || !dash && !hex {
			return false
		}
	}
	return true
}
