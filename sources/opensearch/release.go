package opensearch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// The products, as Facts and messages call them.
const (
	openSearch    = "OpenSearch"
	elasticsearch = "Elasticsearch"
)

// release is a product with its version.
type release struct {
	Product             string
	Major, Minor, Patch int
}

func (r release) String() string { return r.Product + " " + r.version() }

func (r release) version() string { return fmt.Sprintf("%d.%d.%d", r.Major, r.Minor, r.Patch) }

// before tells whether r is older than the other release of the same product.
func (r release) before(o release) bool {
	if r.Major != o.Major {
		return r.Major < o.Major
	}
	if r.Minor != o.Minor {
		return r.Minor < o.Minor
	}
	return r.Patch < o.Patch
}

// parseRelease reads a version as servers tell it: "2.19.6", "8.0.0-SNAPSHOT".
func parseRelease(product, version string) (release, error) {
	r := release{Product: product}
	number, _, _ := strings.Cut(version, "-")
	parts := strings.Split(number, ".")
	if len(parts) != 3 {
		return r, fmt.Errorf("%q is no version of %s", version, product)
	}
	for i, to := range []*int{&r.Major, &r.Minor, &r.Patch} {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 0 || n > 1<<20 {
			return r, fmt.Errorf("%q is no version of %s", version, product)
		}
		*to = n
	}
	return r, nil
}

// openSearchBit is set in the numbers by which OpenSearch tells its own
// versions from those of Elasticsearch.
const openSearchBit = 1 << 27

// madeBy reads the number that an index carries of the release that made it:
// 7100299 is Elasticsearch 7.10.2, 136408427 is OpenSearch 2.19.6. Of newer
// Elasticsearch only the first part can be told for sure.
func madeBy(number string) (release, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return release{}, fmt.Errorf("%q is not the number of a version", number)
	}
	r := release{Product: elasticsearch}
	if n&openSearchBit != 0 {
		r.Product, n = openSearch, n^openSearchBit
	}
	r.Major, r.Minor, r.Patch = n/1000000, n/10000%100, n/100%100
	return r, nil
}

// identify asks a server what it is.
func identify(ctx context.Context, c *client) (release, error) {
	var root struct {
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
		} `json:"version"`
	}
	if err := c.get(ctx, &root, ""); err != nil {
		return release{}, err
	}
	product := elasticsearch
	switch root.Version.Distribution {
	case "":
	case "opensearch":
		product = openSearch
	default:
		return release{}, fmt.Errorf("the server at %s says that it is %q, which is neither OpenSearch nor Elasticsearch", c.base, root.Version.Distribution)
	}
	r, err := parseRelease(product, root.Version.Number)
	if err != nil {
		return r, fmt.Errorf("the server at %s is no search server that is known: %w", c.base, err)
	}
	if oldest := (release{elasticsearch, 7, 3, 0}); product == elasticsearch && r.before(oldest) {
		return r, fmt.Errorf("%v is too old: %v or newer, or OpenSearch, is needed; have the engine rebuild its indices after it is restored", r, oldest)
	}
	return r, nil
}
