package secondreader

import (
	"errors"
	"fmt"
)

// Bounds of index files: bytes of the plaintext; bytes and chunks of a pack.
const (
	maxIndex  = 64 << 20
	maxListed = 1<<31 - 4096
	maxChunks = 1<<24 - 1
)

// listed is a pack as an index file describes it.
type listed struct {
	name   hash
	kind   byte
	size   uint64
	chunks []listedChunk
}

type listedChunk struct {
	ref
	length uint64 // stored bytes of all its frames
}

// readIndex reads an index file.
func (v *Vault) readIndex(name hash) ([]listed, error) {
	object, err := readNamed(v.dir, "index", name, kindIndex)
	if err != nil {
		return nil, err
	}
	body, _, err := v.checkSigned(object)
	if err != nil {
		return nil, err
	}
	box, err := v.openBox(body, headSize, kindIndex)
	if err != nil {
		return nil, err
	}
	plain, err := v.zstd.DecodeAll(box, nil)
	if err != nil {
		return nil, err
	}
	return parseIndex(plain)
}

func parseIndex(plain []byte) ([]listed, error) {
	d := decoder{p: plain}
	var packs []listed
	for range d.count(32 + 1 + 1 + 1) {
		p := listed{name: d.hash(), kind: d.u8(), size: d.uv()}
		if p.kind != 1 && p.kind != 2 || p.size < packHeader || p.size > maxListed {
			d.fail("a pack of kind %d with %d bytes", p.kind, p.size)
		}
		end := uint64(packHeader)
		n := d.count(1 + 32 + 1 + 1)
		if n > maxChunks {
			d.fail("%d chunks in a pack", n)
		}
		for range n {
			c := listedChunk{ref: ref{kind: d.u8(), id: d.hash(), size: d.uv()}, length: d.uv()}
			if d.err != nil {
				return nil, d.err
			}
			if err := c.check(); err != nil {
				return nil, err
			}
			if c.length < 1 || c.length > p.size-end {
				return nil, errors.New("a chunk is empty or reaches beyond its pack")
			}
			end += c.length
			p.chunks = append(p.chunks, c)
		}
		packs = append(packs, p)
	}
	return packs, d.done()
}

// loadIndex reads all live index files: then it is known where each chunk is.
func (v *Vault) loadIndex() error {
	for name := range v.live.index {
		packs, err := v.readIndex(name)
		if err != nil {
			return fmt.Errorf("index %x: %w", name[:4], err)
		}
		for _, p := range packs {
			if _, again := v.listed[p.name]; again {
				continue // two index files may name one pack
			}
			v.listed[p.name] = p
			for _, c := range p.chunks {
				v.places[c.id] = append(v.places[c.id], p.name)
			}
		}
	}
	return nil
}

// maxOpen is how many packs are held in memory.
const maxOpen = 8

// pack returns an opened pack whose table is what its index file says.
func (v *Vault) pack(name hash) (*openPack, error) {
	if p, ok := v.open[name]; ok {
		return p, nil
	}
	object, err := readNamed(v.dir, "packs", name, kindPack)
	if err != nil {
		return nil, err
	}
	p, err := v.openPack(object)
	if err != nil {
		return nil, err
	}
	if err := p.agrees(v.listed[name]); err != nil {
		return nil, err
	}
	for other := range v.open {
		if len(v.open) < maxOpen {
			break
		}
		delete(v.open, other)
	}
	v.open[name] = p
	return p, nil
}

// agrees compares a pack with what an index file says of it.
func (p *openPack) agrees(l listed) error {
	same := uint64(len(p.object)) == l.size && p.object[12] == l.kind && len(p.chunks) == len(l.chunks)
	for i := 0; same && i < len(p.chunks); i++ {
		var length uint64
		for _, f := range p.chunks[i].frames {
			length += uint64(f.length)
		}
		same = p.chunks[i].ref == l.chunks[i].ref && length == l.chunks[i].length
	}
	if !same {
		return errors.New("it is not what its index file says")
	}
	return nil
}
