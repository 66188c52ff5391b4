package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ivyvault/sources/dir"
)

// pathsFrom reads paths from a file: a line each, blank ones and those that
// begin with # left out, or raw, each ended by a zero byte.
func pathsFrom(name string, raw bool) ([]string, error) {
	data, err := readInput(name)
	if err != nil {
		return nil, err
	}
	sep := "\n"
	if raw {
		sep = "\x00"
	}
	var paths []string
	for _, p := range strings.Split(string(data), sep) {
		if !raw {
			p = strings.TrimSuffix(p, "\r")
		}
		if p == "" || !raw && strings.HasPrefix(p, "#") {
			continue
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// patternsFrom reads patterns from a file, one a line.
func patternsFrom(name string) ([]string, error) {
	data, err := readInput(name)
	if err != nil {
		return nil, err
	}
	return dir.ReadPatterns(bytes.NewReader(data), os.Getenv)
}

func readInput(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

// splitTags takes lists with commas apart.
func splitTags(lists []string) []string {
	var tags []string
	for _, l := range lists {
		for _, t := range strings.Split(l, ",") {
			if t = strings.TrimSpace(t); t != "" {
				tags = append(tags, t)
			}
		}
	}
	return tags
}

// parseTime reads a time as people write it; without a zone it is local time.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15-04-05Z"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write for example \"2006-01-02 15:04:05\" or 2006-01-02T15:04:05Z", s)
}

// decodePath returns the bytes that the base64 text holds, or else the text.
func decodePath(b64, text string) string {
	b, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return text
	}
	return string(b)
}
