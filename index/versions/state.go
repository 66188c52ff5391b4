package versions

import (
	"encoding/binary"

	"ivyvault/chunk"
)

// State is what stands at a path. Two states are the same version where they
// are equal. The zero State is that nothing is there.
type State struct {
	Kind uint8
	ID   [16]byte
}

// Snapshot is one member of a chain. One with the same ID and another root is
// another snapshot.
type Snapshot struct {
	ID   [32]byte
	Root chunk.Ref
}

// Chain is a named sequence of snapshots.
type Chain struct {
	Name      string
	Snapshots []Snapshot
}

// Open is the To of a span that reaches to the end of its chain.
const Open = ^uint32(0)

// Span is a state with the positions From ≤ p < To of a chain, given by its
// number, at which a path had it.
type Span struct {
	Chain    uint32
	From, To uint32
	State    State
}

// A row's value is one byte, 1 where a continuation follows and else 0, then
// the spans, ordered by chain and position:
//
//	uvarint chain·2 + (1 where closed) ‖ uvarint from ‖ [uvarint to − from] ‖ u8 kind ‖ [16] id
//
// The id is left out where it is zero; the kind's highest bit then is set.
const (
	noID    = 0x80
	maxKind = noID - 1
	// maxValue is the size at which a value is continued in the next row.
	maxValue = 16 << 10
)

func appendSpan(b []byte, s *Span) []byte {
	closed := uint64(1)
	if s.To == Open {
		closed = 0
	}
	b = binary.AppendUvarint(b, uint64(s.Chain)<<1|closed)
	b = binary.AppendUvarint(b, uint64(s.From))
	if closed == 1 {
		b = binary.AppendUvarint(b, uint64(s.To-s.From))
	}
	if s.State.ID == ([16]byte{}) {
		return append(b, s.State.Kind|noID)
	}
	b = append(b, s.State.Kind)
	return append(b, s.State.ID[:]...)
}

// takeSpan reads one span and returns what follows, nil where b is no span.
func takeSpan(b []byte, s *Span) []byte {
	ok := true
	number := func() uint32 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v >= uint64(Open)<<1 || n > 1 && b[n-1] == 0 {
			ok = false
			return 0
		}
		b = b[n:]
		if v > uint64(Open) {
			ok = false
		}
		return uint32(v)
	}
	head := number()
	*s = Span{Chain: head >> 1, From: number(), To: Open}
	if head&1 == 1 {
		n := number()
		if to := uint64(s.From) + uint64(n); n == 0 || to >= uint64(Open) {
			ok = false
		} else {
			s.To = uint32(to)
		}
	}
	if !ok || len(b) == 0 {
		return nil
	}
	s.State.Kind, b = b[0], b[1:]
	if s.State.Kind&noID != 0 {
		s.State.Kind &^= noID
		return b[:len(b):len(b)]
	}
	if len(b) < len(s.State.ID) {
		return nil
	}
	copy(s.State.ID[:], b)
	if s.State.ID == ([16]byte{}) {
		return nil
	}
	return b[len(s.State.ID):]
}
