// Package mounts finds what is mounted on this machine.
package mounts

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// OfType returns the places where file systems of a type such as
// "fuse.ivyvault" are mounted, as this process sees them.
func OfType(kind string) ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("what is mounted can't be found out: %w", err)
	}
	defer f.Close()
	return read(f, kind)
}

// read understands the lines of mountinfo: "36 35 98:0 /root /place options
// tags - type source options", with spaces in names as \040.
func read(r io.Reader, kind string) ([]string, error) {
	var places []string
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(rest) < 1 || rest[0] != kind {
			continue
		}
		places = append(places, unescape(fields[4]))
	}
	return places, lines.Err()
}

// unescape reads three octal digits after a backslash.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
