package main

import (
	"fmt"
	"strings"

	"golang.org/x/term"
)

// draw shows the progress of the moment, in place of what it showed before.
// Nothing is drawn where standard error is no terminal.
func (c *console) draw(lines ...string) {
	if !c.terminal || c.quiet || c.json {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	width, _, err := term.GetSize(int(c.f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	var b strings.Builder
	c.eraseInto(&b)
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(cut(l, width-1))
	}
	c.lines = len(lines)
	fmt.Fprint(c.err, b.String())
}

// clear takes the progress away, so that other lines can follow.
func (c *console) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
}

// erase is clear for callers that hold mu.
func (c *console) erase() {
	var b strings.Builder
	c.eraseInto(&b)
	if b.Len() > 0 {
		fmt.Fprint(c.err, b.String())
	}
}

func (c *console) eraseInto(b *strings.Builder) {
	if c.lines == 0 {
		return
	}
	b.WriteString("\r\x1b[K")
	for i := 1; i < c.lines; i++ {
		b.WriteString("\x1b[A\x1b[K")
	}
	c.lines = 0
}

// cut shortens a line to the terminal's width. Its middle goes: the end of a
// path tells most.
func cut(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	head := width / 2
	return string(r[:head]) + "…" + string(r[len(r)-(width-head-1):])
}
