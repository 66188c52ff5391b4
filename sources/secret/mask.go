package secret

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Stars is what a masked secret reads as.
const Stars = "********"

// Mask replaces secrets in texts. The zero Mask knows none. Its methods may be
// called by several goroutines.
type Mask struct {
	mu   sync.RWMutex
	list []string // longest first, so that no rest of a longer one stays
}

// shortest is the length below which a secret is not masked: a text in which
// every "a" is replaced would tell the secret, and hide everything else.
const shortest = 3

// Add makes secrets known, in the form they have and as URLs carry them.
func (m *Mask) Add(secrets ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range secrets {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s)} {
			if len(form) >= shortest && !slices.Contains(m.list, form) {
				m.list = append(m.list, form)
			}
		}
	}
	slices.SortFunc(m.list, func(a, b string) int { return len(b) - len(a) })
}

// Reveal reveals a Value and makes it known.
func (m *Mask) Reveal(ctx context.Context, v Value) (string, error) {
	s, err := v.Reveal(ctx)
	if err == nil && s != "" {
		m.Add(s)
	}
	return s, err
}

// Clean returns the text with Stars for every secret. A nil Mask returns it as
// it is.
func (m *Mask) Clean(text string) string {
	if m == nil {
		return text
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, s := range m.list {
		text = strings.ReplaceAll(text, s, Stars)
	}
	return text
}

// Lines returns a writer that passes what is written on to w, line by line and
// masked. Close passes on a last line without an end. It serves one goroutine.
func (m *Mask) Lines(w io.Writer) io.WriteCloser { return &lines{mask: m, to: w} }

// longest is how much of a line is kept back until its end comes.
const longest = 64 << 10

type lines struct {
	mask *Mask
	to   io.Writer
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 && len(l.rest) < longest {
			return len(p), nil
		}
		if i < 0 {
			i = len(l.rest) - 1
		}
		if _, err := io.WriteString(l.to, l.mask.Clean(string(l.rest[:i+1]))); err != nil {
			return 0, err
		}
		l.rest = l.rest[i+1:]
	}
}

func (l *lines) Close() error {
	if len(l.rest) == 0 {
		return nil
	}
	_, err := io.WriteString(l.to, l.mask.Clean(string(l.rest)))
	l.rest = nil
	return err
}
