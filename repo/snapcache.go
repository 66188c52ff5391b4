package repo

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"

	"ivyvault/repo/seal"
)

// The snapshot cache is one file with the opened JSON of every live snapshot,
// so that a list of thousands costs one read and no decapsulations:
// for each: 32 bytes form, u8 role and 32 bytes public key of its signer, u32
// length, the bytes; at the end 32 bytes BLAKE3 of all before. It is a cache:
// whatever is wrong with it, it counts as empty.
const snapshotCacheFile = "forms"

// openedForm is a snapshot object that was verified and opened.
type openedForm struct {
	plain  []byte
	signer seal.Signer
}

// formHead is what stands before the bytes of a form in the cache.
const formHead = 32 + 1 + 32 + 4

func (r *Repo) readSnapshotCache(forms []Name) map[Name]openedForm {
	out := make(map[Name]openedForm, len(forms))
	path := r.cachePath(snapshotCacheFile)
	if path == "" {
		return out
	}
	p, err := os.ReadFile(path)
	if err != nil || len(p) < 32 {
		return out
	}
	body, sum := p[:len(p)-32], p[len(p)-32:]
	if want := seal.ObjectName(body); !bytes.Equal(want[:], sum) {
		return out
	}
	for len(body) >= formHead {
		n := binary.LittleEndian.Uint32(body[formHead-4:])
		if uint64(n) > uint64(len(body)-formHead) {
			return map[Name]openedForm{}
		}
		out[Name(body[:32])] = openedForm{
			plain:  body[formHead : formHead+n],
			signer: seal.Signer{Role: seal.Role(body[32]), Public: [32]byte(body[33:65])},
		}
		body = body[formHead+n:]
	}
	return out
}

// writeSnapshotCache replaces the file. A failure only costs time later.
func (r *Repo) writeSnapshotCache(forms []Name, opened map[Name]openedForm) {
	if r.cache == "" {
		return
	}
	var p []byte
	for _, f := range forms {
		one, ok := opened[f]
		if !ok {
			continue // it can't be read
		}
		p = append(p, f[:]...)
		p = append(p, byte(one.signer.Role))
		p = append(p, one.signer.Public[:]...)
		p = binary.LittleEndian.AppendUint32(p, uint32(len(one.plain)))
		p = append(p, one.plain...)
	}
	sum := seal.ObjectName(p)
	p = append(p, sum[:]...)
	r.replaceCacheFile(snapshotCacheFile, p)
}

// replaceCacheFile writes a file of the cache folder so that readers see the
// old one or the new one whole. A failure only costs time later.
func (r *Repo) replaceCacheFile(name string, p []byte) {
	tmp, err := os.CreateTemp(r.cache, name+"-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(p)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(r.cache, name))
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
}
