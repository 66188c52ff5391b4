package opensearch

import "fmt"

// VersionError says that a server can't restore what another one took.
type VersionError struct {
	From, To release
	Index    string // the one that is in the way; "" where it is the whole snapshot
	Why      string
}

func (e *VersionError) Error() string {
	what := "a snapshot of " + e.From.String()
	if e.Index != "" {
		what = fmt.Sprintf("the index %s, which %v made,", e.Index, e.From)
	}
	return fmt.Sprintf("%s can't be restored by %v: %s; nothing was changed. Take an export instead (method: export), or have the engine rebuild its indices", what, e.To, e.Why)
}

// rule forbids restoring. It is asked about the release that took a snapshot,
// or that made an index, and about the one that is to restore it.
type rule struct {
	applies func(from, to release) bool
	why     string
}

func products(from, to string) func(a, b release) bool {
	return func(a, b release) bool { return a.Product == from && b.Product == to }
}

// snapshotRules say which releases can't read a repository at all.
func snapshotRules() []rule {
	return []rule{
		{func(a, b release) bool { return a.Product == b.Product && b.before(a) },
			"the server is older than the one that took it, and no server reads what a newer one wrote"},
		{products(openSearch, elasticsearch),
			"Elasticsearch does not know the version numbers of OpenSearch"},
		{func(a, b release) bool { return products(elasticsearch, openSearch)(a, b) && a.Major >= 8 },
			"the repositories of Elasticsearch 8 and newer hold members that OpenSearch refuses (unknown field [uuid])"},
		{func(a, b release) bool {
			return products(elasticsearch, openSearch)(a, b) && a.Major == 7 && a.Minor > 10
		}, "OpenSearch was made from Elasticsearch 7.10.2 and reads nothing newer"},
		{func(a, b release) bool { return products(elasticsearch, openSearch)(a, b) && b.Major >= 3 },
			"OpenSearch 3 and newer read no index of Elasticsearch; restore into OpenSearch 2 and index anew there first"},
	}
}

// indexRules say which releases can't open an index, by what made it.
func indexRules() []rule {
	older := func(product string, toProduct string, to, least int) func(a, b release) bool {
		return func(a, b release) bool {
			return a.Product == product && b.Product == toProduct && b.Major == to && a.Major < least
		}
	}
	return []rule{
		{older(elasticsearch, elasticsearch, 7, 6), "Elasticsearch 7 opens what 6.0 and newer made"},
		{older(elasticsearch, elasticsearch, 8, 7), "Elasticsearch 8 opens what 7.0 and newer made"},
		{older(elasticsearch, elasticsearch, 9, 8), "Elasticsearch 9 opens what 8.0 and newer made, older ones as read-only archives only"},
		{older(elasticsearch, openSearch, 1, 6), "OpenSearch 1 opens what Elasticsearch 6.0 and newer made"},
		{older(elasticsearch, openSearch, 2, 7), "OpenSearch 2 opens what Elasticsearch 7.0 and newer made"},
		{func(a, b release) bool { return products(elasticsearch, openSearch)(a, b) && b.Major >= 3 },
			"OpenSearch 3 and newer open no index that Elasticsearch made"},
		{older(openSearch, openSearch, 3, 2), "OpenSearch 3 opens what OpenSearch 2.0 and newer made"},
	}
}

// restorable says why a snapshot that a release took can't be restored by
// another, if so; indices are those that are wanted.
func restorable(from, to release, indices []recorded) error {
	for _, r := range snapshotRules() {
		if r.applies(from, to) {
			return &VersionError{From: from, To: to, Why: r.why}
		}
	}
	for _, x := range indices {
		made, err := parseRelease(x.Product, x.Version)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", recordName, x.Name, err)
		}
		for _, r := range indexRules() {
			if r.applies(made, to) {
				return &VersionError{From: made, To: to, Index: x.Name, Why: r.why}
			}
		}
	}
	return nil
}
