package index

import "ivyvault/chunk"

// The kinds of packs.
const (
	DataPack uint8 = 1 // holds chunks of kind Data
	TreePack uint8 = 2 // holds pages and lists
)

// File is the content of one index file.
type File struct {
	Packs []Pack
}

// Chunks returns how many chunks the packs hold together.
func (f *File) Chunks() (n int) {
	for i := range f.Packs {
		n += len(f.Packs[i].Chunks)
	}
	return n
}

// Pack is a pack as an index file lists it.
type Pack struct {
	Name   Name
	Kind   uint8 // DataPack or TreePack
	Size   int64 // bytes of the stored object
	Chunks []Chunk
}

// Chunk is one chunk of a pack. Its frames begin where those of the chunk
// before it end.
type Chunk struct {
	Kind   chunk.Kind
	ID     chunk.ID
	Size   uint32 // plaintext bytes
	Stored uint32 // bytes of all its frames as stored
}

// check tells what is wrong with the pack, or "".
func (p *Pack) check() string {
	if p.Kind != DataPack && p.Kind != TreePack {
		return "unknown kind of pack"
	}
	if p.Size < FramesBegin || p.Size > MaxPackSize {
		return "size of a pack out of bounds"
	}
	if len(p.Chunks) > MaxPackChunks {
		return "too many chunks in a pack"
	}
	end := int64(FramesBegin)
	for i := range p.Chunks {
		c := &p.Chunks[i]
		if !c.Kind.Valid() {
			return "unknown kind of chunk"
		}
		if c.Size == 0 || c.Size > chunk.MaxSize {
			return "size of a chunk out of bounds"
		}
		if c.Stored == 0 {
			return "a chunk without stored bytes"
		}
		end += int64(c.Stored)
	}
	if end > p.Size {
		return "chunks reach beyond the end of their pack"
	}
	return ""
}
