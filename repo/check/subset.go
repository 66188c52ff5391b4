package check

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"ivyvault/repo/reach"
)

// subset says which packs are read.
type subset struct {
	part, parts uint64  // n/t
	share       float64 // of all bytes, from 0 to 1; used where parts is 0
	bytes       int64   // where share is 0
	all         bool
}

func parseSubset(s string) (*subset, error) {
	bad := fmt.Errorf("%q is no part to read: give n/t, for example 1/7, a share, for example 2.5%%, or a size, for example 500M", s)
	if s == "" {
		return &subset{all: true}, nil
	}
	if a, b, ok := strings.Cut(s, "/"); ok {
		n, err := strconv.ParseUint(a, 10, 32)
		t, err2 := strconv.ParseUint(b, 10, 32)
		if err != nil || err2 != nil || n == 0 || n > t {
			return nil, bad
		}
		return &subset{part: n, parts: t}, nil
	}
	if a, ok := strings.CutSuffix(s, "%"); ok {
		v, err := strconv.ParseFloat(a, 64)
		if err != nil || !(v > 0 && v <= 100) {
			return nil, bad
		}
		return &subset{share: v / 100}, nil
	}
	digits := strings.TrimRight(s, "KMGTkmgt")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || len(s)-len(digits) > 1 {
		return nil, bad
	}
	if unit := s[len(digits):]; unit != "" {
		shift := 10 * (1 + strings.Index("KMGT", strings.ToUpper(unit)))
		if n > 1<<62>>shift {
			return nil, bad
		}
		n <<= shift
	}
	return &subset{bytes: n}, nil
}

// choose marks the packs to be read.
func (s *subset) choose(p *reach.Packs) []bool {
	out := make([]bool, p.Len())
	if s.all || s.parts > 0 {
		for k := range out {
			name := p.At(k).Name
			// The part follows from the name, so that t runs read every pack.
			out[k] = s.all || binary.LittleEndian.Uint64(name[:])%s.parts == s.part-1
		}
		return out
	}
	left := s.bytes
	if s.share > 0 {
		var sum int64
		for k := range out {
			sum += p.At(k).Size
		}
		left = int64(float64(sum) * s.share)
	}
	for i, k := range rand.Perm(len(out)) {
		if left <= 0 && i > 0 {
			break
		}
		out[k] = true
		left -= p.At(k).Size
	}
	return out
}
