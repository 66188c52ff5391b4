package secondreader

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/zeebo/blake3"
)

const (
	packHeader  = 1200
	packTrailer = 16
	packBlock   = 4096
	tagSize     = 16
)

// openPack is a pack in memory: its bytes, its key, its table.
type openPack struct {
	object []byte
	aead   cipher.AEAD
	chunks []stored
	byID   map[hash]int
}

// stored is a chunk as a pack's table describes it.
type stored struct {
	ref
	first  int // number of its first frame in the pack
	frames []frame
}

type frame struct {
	at, length int // of the ciphertext
	compressed bool
	sum        hash // frame hash
}

// openPack verifies a pack's layout, opens its key and reads its table.
func (v *Vault) openPack(object []byte) (*openPack, error) {
	if len(object)%packBlock != 0 || len(object) == 0 || len(object) > 1<<31-packBlock {
		return nil, fmt.Errorf("%d bytes is no size of a pack", len(object))
	}
	kind := object[12]
	if kind != 1 && kind != 2 || !zero(object[13:16]) {
		return nil, errors.New("unknown kind of pack")
	}
	if !bytes.Equal(object[16:32], v.keys.keyID[:]) {
		return nil, errors.New("sealed to another key")
	}
	info := join([]byte("ivyvault 2026 pack"), v.conf.repository[:], []byte{version, kind})
	key, err := v.keys.unseal(info, object[32:packHeader])
	if err != nil {
		return nil, err
	}
	if len(key) != 32 {
		return nil, errors.New("its key does not have 32 bytes")
	}
	p := &openPack{object: object, aead: gcm(key), byID: map[hash]int{}}

	end := len(object) - packTrailer
	trailer := decoder{p: object[end:]}
	length, offset := uint64(trailer.u32()), trailer.u64()
	if string(trailer.take(4)) != "IVYT" {
		return nil, errors.New("it does not end as a pack")
	}
	if offset < packHeader || offset > uint64(end) || length > uint64(end)-offset {
		return nil, errors.New("its table lies outside of it")
	}
	padding := object[offset+length : end]
	if len(padding) >= packBlock || !zero(padding) {
		return nil, errors.New("its padding is wrong")
	}
	header := blake3.Sum256(object[:packHeader])
	table, err := p.aead.Open(nil, bytes.Repeat([]byte{0xff}, 12), object[offset:offset+length], join([]byte("table"), header[:]))
	if err != nil {
		return nil, errors.New("its table does not open")
	}
	if err := p.parseTable(table, kind, int(offset), &v.names); err != nil {
		return nil, fmt.Errorf("its table: %w", err)
	}
	return p, nil
}

func (p *openPack) parseTable(table []byte, kind byte, offset int, names *nameKeys) error {
	d := decoder{p: table}
	at, number := packHeader, 0
	n := d.count(1 + 32 + 1 + 1)
	if n == 0 {
		d.fail("no chunks")
	}
	for range n {
		c := stored{ref: ref{kind: d.u8(), id: d.hash(), size: d.uv()}, first: number}
		if d.err != nil {
			return d.err
		}
		if err := c.check(); err != nil {
			return err
		}
		if (c.kind == kindData) != (kind == 1) {
			return errors.New("a chunk in the wrong kind of pack")
		}
		var sums []hash
		for i := range c.ref.frames() {
			word := d.uv()
			f := frame{at: at, length: int(word >> 1), compressed: word&1 == 1, sum: c.id}
			if c.ref.frames() > 1 {
				f.sum = d.hash()
			}
			if d.err != nil {
				return d.err
			}
			if word>>1 > uint64(offset-at) || f.length <= tagSize || !f.compressed && f.length != c.frame(i)+tagSize {
				return errors.New("a frame has an impossible length")
			}
			at += f.length
			c.frames, sums = append(c.frames, f), append(sums, f.sum)
		}
		if names.chunkID(c.kind, sums) != c.id {
			return errors.New("the hashes of a chunk's frames do not give its id")
		}
		number += len(c.frames)
		p.byID[c.id] = len(p.chunks)
		p.chunks = append(p.chunks, c)
	}
	if at != offset {
		d.fail("the frames do not end where the table begins")
	}
	return d.done()
}

// read returns a chunk's verified plaintext.
func (p *openPack) read(r ref, v *Vault) ([]byte, error) {
	i, ok := p.byID[r.id]
	if !ok || p.chunks[i].ref != r {
		return nil, errors.New("its table does not have the chunk")
	}
	c := p.chunks[i]
	plain := make([]byte, 0, r.size)
	for i, f := range c.frames {
		nonce := binary.LittleEndian.AppendUint64(make([]byte, 4), uint64(c.first+i))
		extra := append([]byte{c.kind}, c.id[:]...)
		extra = binary.LittleEndian.AppendUint32(extra, uint32(i))
		extra = binary.LittleEndian.AppendUint32(extra, uint32(c.frame(i)))
		extra = append(extra, flag(f.compressed))
		part, err := p.aead.Open(nil, nonce, p.object[f.at:f.at+f.length], extra)
		if err != nil {
			return nil, fmt.Errorf("frame %d does not open", i)
		}
		if f.compressed {
			if part, err = v.zstd.DecodeAll(part, nil); err != nil {
				return nil, fmt.Errorf("frame %d: %w", i, err)
			}
		}
		if len(part) != c.frame(i) || keyed(v.names.frame[c.kind], part) != f.sum {
			return nil, fmt.Errorf("frame %d does not have its hash", i)
		}
		plain = append(plain, part...)
	}
	return plain, nil
}

func zero(p []byte) bool { return len(bytes.Trim(p, "\x00")) == 0 }

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
