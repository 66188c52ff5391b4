package build

import (
	"context"
	"fmt"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/secret"
	"ivyvault/system/config"
)

// Target makes what a part of a system is restored through, from the system's
// section.
func Target(ctx context.Context, s *config.System, path string, env Env) (sources.Restorer, error) {
	if env.Mask == nil {
		env.Mask = &secret.Mask{}
	}
	if s == nil {
		return nil, fmt.Errorf("the configuration does not have the system")
	}
	if s.Type == "axonserver" {
		if t := axonTarget(s, path, env); t != nil {
			return t, nil
		}
	}
	dir, name, _ := strings.Cut(path, "/")
	switch {
	case dir == databasesDir && s.Databases[name] != nil:
		return env.Part(s.Databases[name].Part)
	case dir == documentsDir && s.Documents[name] != nil:
		return env.Part(s.Documents[name].Part)
	case path == searchPath && s.Search != nil:
		return env.Part(s.Search)
	}
	return nil, fmt.Errorf("the configuration of the system has no section for the part %s, so where it goes isn't known", path)
}
