package seal

import (
	"fmt"

	"ivyvault/chunk"
)

// Kind is the kind of a stored object, as its head says.
type Kind uint8

// The kinds of objects. Their numbers are part of the format.
const (
	KindConfig   Kind = 1
	KindSlot     Kind = 2
	KindPack     Kind = 3
	KindIndex    Kind = 4
	KindSnapshot Kind = 5
	KindLog      Kind = 6
)

// String returns what messages call an object of the kind.
func (k Kind) String() string {
	switch k {
	case KindConfig:
		return "config"
	case KindSlot:
		return "key slot"
	case KindPack:
		return "pack"
	case KindIndex:
		return "index file"
	case KindSnapshot:
		return "snapshot"
	case KindLog:
		return "log entry"
	}
	return fmt.Sprintf("object of kind %d", uint8(k))
}

// Version is the version of the format that this build writes and reads.
// Versions 2 and 3 are reserved for the formats that follow it; version 0 was
// that of repositories made before the format was frozen.
const Version = 1

// HeadSize is the length of the head that every object begins with.
const HeadSize = 12

const magic = "IvyVault"

// VersionError says that an object carries a version of the format that this
// build does not know.
type VersionError struct {
	Kind    Kind
	Version uint8
}

func (e *VersionError) Error() string {
	if e.Version < Version {
		return fmt.Sprintf("this %s has version %d of the repository format, from before it was frozen; "+
			"this build reads version %d: restore with the build that made it, and back up into a new repository", e.Kind, e.Version, Version)
	}
	return fmt.Sprintf("this %s has version %d of the repository format and was written by a newer IvyVault; "+
		"this build reads version %d: update IvyVault", e.Kind, e.Version, Version)
}

// AppendHead appends the head of an object of the kind.
func AppendHead(dst []byte, kind Kind) []byte {
	dst = append(dst, magic...)
	return append(dst, Version, byte(kind), 0, 0)
}

// CheckHead returns nil where object begins with the head of an object of the
// kind in the version that this build reads. A version that it does not know
// is a VersionError, anything else an error that Is chunk.ErrDamaged.
func CheckHead(object []byte, kind Kind) error {
	switch {
	case len(object) < HeadSize:
		return damaged(kind, fmt.Sprintf("it has %d bytes, fewer than the head of any object", len(object)), nil)
	case string(object[:8]) != magic:
		return damaged(kind, "it does not begin with the words of an IvyVault object", nil)
	case object[8] != Version:
		return &VersionError{Kind: kind, Version: object[8]}
	case object[9] != byte(kind):
		return &chunk.DamageError{What: kind.String(), How: "in its place is a " + Kind(object[9]).String()}
	case object[10] != 0 || object[11] != 0:
		return damaged(kind, "its head has bits set that this version does not know", nil)
	}
	return nil
}
