package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// newSettings splits the settings of a captured index into those that it is
// made with and those that it gets when its documents are there. What the
// server sets itself, and what depends on the nodes of a cluster, is left out.
func newSettings(p []byte, to release) (first, then map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(p))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", settingsName, err)
	}
	all := map[string]any{}
	flatten("index", tree, all)
	first, then = map[string]any{}, map[string]any{}
	for k, v := range all {
		switch {
		case own(k, to):
		case later(k):
			then[k] = v
		default:
			first[k] = v
		}
	}
	return first, then, nil
}

// flatten writes nested settings under their dotted names.
func flatten(name string, tree map[string]any, to map[string]any) {
	for k, v := range tree {
		k = name + "." + k
		if below, ok := v.(map[string]any); ok {
			flatten(k, below, to)
			continue
		}
		to[k] = v
	}
}

func under(key string, names ...string) bool {
	for _, n := range names {
		if key == "index."+n || strings.HasPrefix(key, "index."+n+".") {
			return true
		}
	}
	return false
}

// own tells the settings that a server makes itself and refuses from others.
func own(key string, to release) bool {
	if under(key, "uuid", "provided_name", "creation_date", "creation_date_string", "version", "history", "resize", "shrink",
		"split", "verified_before_close", "remote_store", "routing.allocation", "store.snapshot", "frozen", "replicated") {
		return true
	}
	if to.Product == openSearch {
		return under(key, "lifecycle", "mapping.source", "mode", "xpack")
	}
	return under(key, "replication", "plugins", "opendistro", "knn")
}

// later tells the settings that would keep documents out, or change them on
// their way in.
func later(key string) bool { return under(key, "blocks", "default_pipeline", "final_pipeline") }
