// Package store keeps a repository's objects on a medium and knows nothing of
// what they mean.
//
// Nouns: an object is an immutable run of bytes under a Name; a Type is one of
// the few families of names. A wrapper (Retry, Record, Fault, Limit) is a Store
// over a Store.
//
// Promise: Put is an atomic put-if-absent. Of any number of racing puts of one
// name exactly one makes the object, all others are told that it was there, and
// nobody ever sees a part of an object. After Put returned nil the object
// survives a crash of the machine. Nothing is promised of List: it may miss
// what was put a moment ago.
package store

import (
	"context"
	"errors"
	"io/fs"
)

// Type is a family of objects; it is also the first part of their path.
type Type string

// The families of version 1. Their names are part of the format.
const (
	Config   Type = "config" // one object, named ""
	Key      Type = "keys"
	Pack     Type = "packs"
	Index    Type = "index"
	Snapshot Type = "snapshots"
	Log      Type = "log"
)

// Types lists all families, in the order in which a reader needs them.
var Types = [...]Type{Config, Key, Log, Snapshot, Index, Pack}

// Name names an object: 64 lower-case hexadecimal digits for keys, packs, index
// files and snapshots, 16 decimal digits for log entries, "" for the config.
type Name struct {
	Type Type
	Name string
}

// String returns the name as a slash-separated path, for messages and logs.
func (n Name) String() string {
	if n.Name == "" {
		return string(n.Type)
	}
	return string(n.Type) + "/" + n.Name
}

// Info is what List tells of an object.
type Info struct {
	Name Name
	Size int64 // bytes
}

// Store is a medium. All methods may be called concurrently, from many
// processes and machines on the same medium.
type Store interface {
	// Put stores data under name if nothing is there. made is true where this
	// call made the object, false where one was there already (its bytes are
	// not compared, and it is not an error). On error nothing is known: the
	// object may be there or not, whole in any case; settle it by Get.
	// The store does not keep data after it returned.
	Put(ctx context.Context, name Name, data []byte) (made bool, err error)
	// Get returns n bytes from offset off; n < 0 means to the end. Negative
	// off counts from the end. It returns exactly what was asked for, less
	// only where the object ends before. An absent object is an error that Is
	// fs.ErrNotExist. The caller owns the slice.
	Get(ctx context.Context, name Name, off, n int64) ([]byte, error)
	// List calls fn for each object of the type, in no particular order, until
	// fn returns an error, which it returns.
	List(ctx context.Context, t Type, fn func(Info) error) error
	// Remove removes the object; that it is absent is no error.
	Remove(ctx context.Context, name Name) error
	// Close frees what the store holds. The store must not be used afterwards.
	Close() error
}

// ErrNotExist is what Get's error Is for an absent object.
var ErrNotExist = fs.ErrNotExist

// ErrPermanent is what an error Is that trying again can't mend: no access, a
// full disk, a name that the medium refuses. All others may pass.
var ErrPermanent = errors.New("permanent store error")
