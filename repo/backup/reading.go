package backup

import (
	"time"

	"ivyvault/repo/tree"
)

// reading is what a reader needs for one batch: memory for the contents of its
// small files, and when it began with those that are read without a long pause.
type reading struct {
	began  time.Time // zero: with the next file
	text   []byte    // what is left of the batch's buffer
	inline []byte    // for contents that stand in their nodes, which outlive the batch
}

// roomFor gets a batch the memory that its files need, if they have not grown.
func (x *run) roomFor(b *batch) reading {
	text, inline := 0, 0
	for i := range b.items {
		it := &b.items[i]
		if !it.read || it.node.Type != tree.File || it.node.Size > maxSmall {
			continue
		}
		text += int(it.node.Size) + 1
		if tree.SmallContent(int(it.node.Size)) {
			inline += int(it.node.Size)
		}
	}
	if text == 0 {
		return reading{}
	}
	b.text = x.small.get(text)
	return reading{text: b.text, inline: make([]byte, 0, inline)}
}

// clock returns a time shortly before now. Asking for the time costs as much as
// a twentieth of reading a tiny file, and an earlier one only has a few more
// files read again that were changed at that very moment.
func (r *reading) clock() time.Time {
	if r.began.IsZero() {
		r.began = time.Now()
	}
	return r.began
}

// inlined returns a copy of a content.
func (r *reading) inlined(content []byte) []byte {
	if len(content) > cap(r.inline)-len(r.inline) { // a file has grown or shrunk
		return append([]byte(nil), content...)
	}
	n := len(r.inline)
	r.inline = append(r.inline, content...)
	return r.inline[n:len(r.inline):len(r.inline)]
}
