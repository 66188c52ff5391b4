package opensearch

import (
	"fmt"
	"strings"

	"ivyvault/sources"
)

// facts are those that are known of every capture.
func (s *survey) facts(m Method) sources.Facts {
	f := sources.Facts{
		Product: s.release.Product, Version: s.release.version(), Tool: "the server's own interface, by " + string(m),
		Counts: map[string]int64{}, Schema: map[string]string{},
		Details: map[string]string{"method": string(m), "indices": strings.Join(s.names(), " ")},
	}
	for i := range s.indices {
		x := &s.indices[i]
		f.Schema[x.name] = "made by " + x.made.String()
		if x.closed {
			f.Notes = append(f.Notes, fmt.Sprintf("%s was closed, so its documents were not counted", x.name))
			continue
		}
		f.Counts[x.name] = x.docs
	}
	return f
}
