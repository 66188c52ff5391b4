// Package chunk holds the smallest terms of the repository: what a chunk is
// called, how its name is computed, and the two waists through which chunks
// are read and written.
//
// Nouns:
//
//   - A chunk is a non-empty run of plaintext bytes of one Kind.
//   - A frame is a piece of a chunk: exactly FrameSize bytes of plaintext, the
//     last one of a chunk less. Frames are compressed, sealed and verified one
//     by one, so that four kilobytes can be read without decoding a megabyte.
//   - An ID is the keyed BLAKE3-256 name of a chunk (see Keys).
//   - A Ref is all that is needed to ask for a chunk: kind, id, plain length.
//
// Promise: whoever gets bytes from a Getter gets the bytes that were put, or
// an error; never anything else. The package does no input or output and does
// not compress.
package chunk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// FrameSize is the plaintext length of every frame but a chunk's last.
const FrameSize = 128 << 10

// MaxSize is the greatest plaintext length of a chunk that a reader accepts.
const MaxSize = 64 << 20

// ID names a chunk: a keyed BLAKE3-256 hash of its plaintext.
type ID [32]byte

// String returns the ID as 64 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the ID is the zero value, which names no chunk.
func (id ID) IsZero() bool { return id == ID{} }

// Kind says what a chunk holds. Each kind has hashing keys of its own, so the
// same bytes under two kinds are two chunks.
type Kind uint8

// The kinds of version 1. Their numbers are part of the format.
const (
	Data Kind = 1 // contents of files: a piece of one, or a bundle of small ones
	Page Kind = 2 // a page of a directory, or of its table of first names
	List Kind = 3 // a page of a content list
)

// Valid reports whether k is a kind of this version.
func (k Kind) Valid() bool { return k >= Data && k <= List }

// String returns the kind's name, which is also part of its key context.
func (k Kind) String() string {
	switch k {
	case Data:
		return "data"
	case Page:
		return "page"
	case List:
		return "list"
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// Ref asks for a chunk. It is comparable; equal Refs are equal chunks.
type Ref struct {
	ID   ID
	Size uint32 // plaintext bytes, 1 to MaxSize
	Kind Kind
}

// IsZero reports whether the Ref is the zero value, which asks for nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// Frames returns how many frames the chunk has.
func (r Ref) Frames() int { return Frames(int(r.Size)) }

// String returns kind and id, for messages.
func (r Ref) String() string { return r.Kind.String() + " " + r.ID.String() }

// Frames returns how many frames a chunk of size plaintext bytes has.
func Frames(size int) int { return (size + FrameSize - 1) / FrameSize }

// Getter reads chunks. All methods may be called concurrently.
type Getter interface {
	// Get returns the whole verified plaintext of the chunk. The caller must
	// not change the slice: it may be shared with a cache. A chunk that is in
	// no live index is an error that Is ErrNotFound; bytes that fail their
	// check are an error that Is ErrDamaged.
	Get(ctx context.Context, ref Ref) ([]byte, error)
	// GetRange returns the n plaintext bytes that begin at off, verified, with
	// the same rules as Get. A range outside 0..ref.Size is an error.
	GetRange(ctx context.Context, ref Ref, off, n int) ([]byte, error)
}

// Putter stores chunks. It may be called concurrently.
type Putter interface {
	// Put stores p as a chunk of the kind and returns what to ask for. Putting
	// the same bytes again is cheap and returns the same Ref. The chunk is
	// durable only after the commit of the write that it belongs to. Put does
	// not keep p: the caller may reuse it afterwards. Empty p is an error.
	Put(ctx context.Context, kind Kind, p []byte) (Ref, error)
}

// ErrNotFound is what a Getter's error Is when no live index knows the chunk.
var ErrNotFound = errors.New("chunk not found")

// ErrDamaged is what any error Is, at any depth, that reports stored bytes
// which fail their verification or cannot be decoded.
var ErrDamaged = errors.New("damaged")

// DamageError says which stored thing is damaged and how it shows.
type DamageError struct {
	What string // for example "pack 03ab…", "chunk data 77fe…"
	How  string // for example "authentication of frame 3 failed"
	Err  error  // the cause, may be nil
}

func (e *DamageError) Error() string {
	s := e.What + " is damaged: " + e.How
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Is makes every DamageError an ErrDamaged.
func (e *DamageError) Is(target error) bool { return target == ErrDamaged }

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }
