package opensearch

import (
	"fmt"
	"strings"
)

// longestName is how many bytes the name of an index may have.
const longestName = 255

// checkName says whether a text can be the name of an index, of a repository,
// of a snapshot. A server or a tree that holds another one is not to be
// trusted: it would end up in a path.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("%q can't be a name", name)
	case len(name) > longestName:
		return fmt.Errorf("a name of %d bytes is too long: it begins %q", len(name), name[:40])
	case strings.ContainsAny(name[:1], "-_+"):
		return fmt.Errorf("the name %q begins with %q", name, name[:1])
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == '\uFFFD' || strings.ContainsRune(`\/*?"<>|,#: `, r) {
			return fmt.Errorf("the name %q holds %q, which no index can", name, r)
		}
	}
	return nil
}

// checkPattern says whether a text can be one of Config.Indices.
func checkPattern(p string) error {
	plain := strings.NewReplacer("*", "x").Replace(strings.TrimPrefix(p, "-"))
	if err := checkName(plain); err != nil {
		return fmt.Errorf("the search server: indices: %q: %w", p, err)
	}
	return nil
}
