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
// for each: 32 bytes form, u32 length, the bytes; at the end 32 bytes BLAKE3 of
// all before. It is a cache: whatever is wrong with it, it counts as empty.
const snapshotCacheFile = "snapshots"

func (r *Repo) readSnapshotCache(forms []Name) map[Name][]byte {
	out := make(map[Name][]byte, len(forms))
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
	for len(body) >= 36 {
		n := binary.LittleEndian.Uint32(body[32:])
		if uint64(n) > uint64(len(body)-36) {
			return map[Name][]byte{}
		}
		out[Name(body[:32])] = body[36 : 36+n]
		body = body[36+n:]
	}
	return out
}

// writeSnapshotCache replaces the file. A failure only costs time later.
func (r *Repo) writeSnapshotCache(forms []Name, plain map[Name][]byte) {
	if r.cache == "" {
		return
	}
	var p []byte
	for _, f := range forms {
		one, ok := plain[f]
		if !ok {
			continue // it can't be read
		}
		p = append(p, f[:]...)
		p = binary.LittleEndian.AppendUint32(p, uint32(len(one)))
		p = append(p, one...)
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
