package postgres

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// Newer pg_dump puts a random word on \restrict lines, so that psql runs no
// command of its own that a name smuggled in. The word would make the file
// another one every night. steadyWord puts a hash of the file in its place:
// whoever chose the names can't know it beforehand either.
func steadyWord(script []byte) []byte {
	const begin = `\restrict `
	at := bytes.Index(script, []byte("\n"+begin))
	if at < 0 && !bytes.HasPrefix(script, []byte(begin)) {
		return script
	}
	line := script[at+1:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	word := line[len(begin):]
	if len(word) < 16 {
		return script
	}
	sum := sha256.Sum256(bytes.ReplaceAll(script, word, nil))
	return bytes.ReplaceAll(script, word, fmt.Appendf(nil, "%x", sum[:24]))
}
