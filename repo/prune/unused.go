package prune

import (
	"fmt"
	"strconv"
	"strings"
)

// Unused says how much of what is stored may be unused in packs that stay.
// The zero value is 5 % of what is stored.
type Unused struct {
	set   bool
	share float64 // of what is stored; negative: no limit
	bytes int64
}

// defaultShare is what may stay unused: less costs more copying each time.
const defaultShare = 0.05

// ParseUnused reads a share as "5%", a size as "500M", or "unlimited".
func ParseUnused(s string) (Unused, error) {
	bad := fmt.Errorf("%q does not say how much may stay unused: give a share as 5%%, a size as 500M, or unlimited", s)
	if s == "unlimited" {
		return Unused{set: true, share: -1}, nil
	}
	if a, ok := strings.CutSuffix(s, "%"); ok {
		v, err := strconv.ParseFloat(a, 64)
		if err != nil || !(v >= 0 && v < 100) {
			return Unused{}, bad
		}
		return Unused{set: true, share: v / 100}, nil
	}
	digits := strings.TrimRight(s, "KMGTkmgt")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || len(s)-len(digits) > 1 {
		return Unused{}, bad
	}
	if unit := s[len(digits):]; unit != "" {
		shift := 10 * (1 + strings.Index("KMGT", strings.ToUpper(unit)))
		if n > 1<<62>>shift {
			return Unused{}, bad
		}
		n <<= shift
	}
	return Unused{set: true, bytes: n}, nil
}

// limit returns the bytes that may stay unused beside used ones; -1: no limit.
func (u Unused) limit(used int64) int64 {
	share := u.share
	if !u.set {
		share = defaultShare
	}
	switch {
	case share < 0:
		return -1
	case u.set && share == 0:
		return u.bytes
	}
	return int64(float64(used) * share / (1 - share)) // of all that stays
}
