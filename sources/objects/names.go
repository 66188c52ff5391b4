package objects

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// The folders of a captured tree, and the file beside them.
const (
	natural = "objects"
	unusual = "unusual"
	about   = "bucket.json"
)

// How a key becomes a path: its parts between slashes are the names. What no
// name can be gets a mark at its end, so that it moves back among its siblings
// and never to the front: the walk needs that. Folders named "", "." and ".."
// end in "~"; objects of these names, and those that are folders as well, end
// in "~object". A key with a part that is too long for a name, that no file
// system takes, or that bears such a mark by itself, stands below unusual.
const (
	folderMark = "~"
	objectMark = "~object"
	longest    = 255 // bytes of a name
)

// special tells names that a folder of a file system can't have.
func special(part string) bool { return part == "" || part == "." || part == ".." }

// tame tells whether a part of a key can stand in a path, last being set for
// the part behind the last slash.
func tame(part string, last bool) bool {
	limit := longest
	if last {
		limit -= len(objectMark)
	}
	if len(part) > limit || strings.HasSuffix(part, objectMark) || !utf8.ValidString(part) {
		return false
	}
	if rest, ok := strings.CutSuffix(part, folderMark); ok && special(rest) {
		return false
	}
	return !strings.ContainsAny(part, "\x00\uFFFD")
}

// wild returns the beginning of a key up to and with its first part that can't
// stand in a path, behind the first from bytes; it ends in a slash where that
// part is a folder. It is "" where all can.
func wild(key string, from int) string {
	for at := from; ; {
		n := strings.IndexByte(key[at:], '/')
		if n < 0 {
			if !tame(key[at:], true) {
				return key
			}
			return ""
		}
		if !tame(key[at:at+n], false) {
			return key[:at+n+1]
		}
		at += n + 1
	}
}

// path is where a tame key stands in the captured tree; also says that it is a
// folder as well.
func path(key string, also bool) string {
	cut := strings.LastIndexByte(key, '/') + 1
	last := key[cut:]
	if also || special(last) {
		last += objectMark
	}
	return folder(key[:cut]) + "/" + last
}

// folder is where the folder of a prefix, which is empty or ends in a slash,
// stands.
func folder(prefix string) string {
	var b strings.Builder
	b.WriteString(natural)
	for part := range strings.SplitSeq(prefix, "/") {
		if len(prefix) == 0 {
			break // behind the last slash
		}
		prefix = prefix[min(len(prefix), len(part)+1):]
		b.WriteByte('/')
		b.WriteString(part)
		if special(part) {
			b.WriteString(folderMark)
		}
	}
	return b.String()
}

// digits is how many hexadecimal digits a name below unusual has, but for the
// last; those that go on end in "+". So such paths are in the order of the keys.
const digits = 200

// hexPath is where any key can stand.
func hexPath(key string) string {
	text := hex.EncodeToString([]byte(key))
	b := []byte(unusual)
	for len(text) > digits {
		b = append(append(append(b, '/'), text[:digits]...), '+')
		text = text[digits:]
	}
	return string(append(append(b, '/'), text...))
}

// keyOf is the key of a file of a captured tree; ok is false for what no
// capture makes.
func keyOf(name string) (key string, ok bool) {
	top, rest, ok := strings.Cut(name, "/")
	switch {
	case !ok:
		return "", false
	case top == unusual:
		p, err := hex.DecodeString(strings.ReplaceAll(rest, "+/", ""))
		return string(p), err == nil && hexPath(string(p)) == name
	case top != natural:
		return "", false
	}
	parts := strings.Split(rest, "/")
	for i := range parts[:len(parts)-1] {
		if bare, marked := strings.CutSuffix(parts[i], folderMark); marked && special(bare) {
			parts[i] = bare
		}
	}
	end := &parts[len(parts)-1]
	bare, also := strings.CutSuffix(*end, objectMark)
	*end = bare
	key = strings.Join(parts, "/")
	return key, wild(key, 0) == "" && path(key, also) == name
}
