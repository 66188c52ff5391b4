package pack

import (
	"encoding/binary"
	"fmt"
)

// Trailer says where in a pack its sealed table lies.
type Trailer struct {
	Offset int64 // of the sealed table, which is where the frames end
	Length int64 // of the sealed table
	Size   int64 // of the whole pack
}

// ParseTrailer reads the last TrailerSize bytes of a pack of size bytes and
// checks that what they say fits into it.
func ParseTrailer(last []byte, size int64) (Trailer, error) {
	if size < HeaderSize+TrailerSize || size%Align != 0 || size > MaxSize {
		return Trailer{}, damaged(fmt.Sprintf("its size of %d bytes is none that a pack can have", size), nil)
	}
	if len(last) != TrailerSize || string(last[12:]) != trailerMagic {
		return Trailer{}, damaged("it does not end as a pack does", nil)
	}
	length := binary.LittleEndian.Uint32(last)
	offset := binary.LittleEndian.Uint64(last[4:])
	if offset <= HeaderSize || offset > uint64(size) || length <= tagSize {
		return Trailer{}, damaged("its end names a table outside of it", nil)
	}
	t := Trailer{Offset: int64(offset), Length: int64(length), Size: size}
	if _, padding := t.Padding(); padding < 0 || padding >= Align {
		return Trailer{}, damaged("its end names a table that does not lie before it", nil)
	}
	return t, nil
}

// Padding returns the range of the zeros between table and trailer.
func (t Trailer) Padding() (off, n int64) {
	off = t.Offset + t.Length
	return off, t.Size - TrailerSize - off
}

// CheckPadding reports bytes other than zero in a pack's padding, which are
// covered by nothing else but the pack's name.
func CheckPadding(padding []byte) error {
	for i, b := range padding {
		if b != 0 {
			return damaged(fmt.Sprintf("byte %d of its padding is not zero", i), nil)
		}
	}
	return nil
}
