package dir

import "os"

// expandVars replaces variables; "$$" stands for a dollar sign.
func expandVars(line string, value func(string) string) string {
	return os.Expand(line, func(name string) string {
		if name == "$" {
			return "$"
		}
		return value(name)
	})
}
