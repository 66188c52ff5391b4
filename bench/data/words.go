// Package data makes the directories that IvyVault and its rivals are measured
// on: seeded, so that every machine gets the same bytes.
package data

import (
	"math/rand/v2"
	"strconv"
)

// words is a small vocabulary; texts made of it compress about as well as
// process documents do.
var words = [...]string{
	"invoice", "customer", "order", "approved", "pending", "task", "process", "case", "payment", "contract", "insurance", "claim",
	"the", "of", "and", "to", "for", "with", "by", "is", "was", "has", "been", "will", "not", "on", "in", "at", "from", "this",
	"manager", "department", "request", "review", "document", "attachment", "signature", "amount", "currency", "deadline", "status",
	"reference", "number", "address", "street", "city", "country", "delivery", "supplier", "article", "quantity", "price", "total",
	"reminder", "escalation", "assigned", "completed", "rejected", "comment", "history", "version", "archive", "signal", "event",
}

// source makes pseudo-random bytes and texts.
type source struct {
	rng *rand.Rand
	cha *rand.ChaCha8
}

func newSource(seed uint64, part string) *source {
	var key [32]byte
	copy(key[:], part)
	for i := range 8 {
		key[24+i] = byte(seed >> (8 * i))
	}
	c := rand.NewChaCha8(key)
	return &source{rand.New(c), c}
}

// noise fills p with bytes that do not compress.
func (s *source) noise(p []byte) { s.cha.Read(p) }

// text appends about n bytes of words to p.
func (s *source) text(p []byte, n int) []byte {
	end := len(p) + n
	for len(p) < end {
		r := s.rng.Uint64()
		p = append(p, words[r%uint64(len(words))]...)
		switch r >> 56 & 15 {
		case 0:
			p = append(p, '.', '\n')
		case 1:
			p = append(p, ' ')
			p = strconv.AppendUint(p, r>>20&0xfffff, 10)
			p = append(p, ' ')
		default:
			p = append(p, ' ')
		}
	}
	return p[:end]
}

// Text returns n bytes of words, the same for the same seed.
func Text(seed uint64, n int) []byte {
	return newSource(seed, "text").text(make([]byte, 0, n+32), n)
}
