package tools

import "regexp"

var versionPattern = regexp.MustCompile(`\bv?(\d+\.\d+(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]+)?)\b`)

// versionIn returns the first version number in what a program prints, or the
// last word where there is none, as a build of a work tree has.
func versionIn(out string) string {
	if m := versionPattern.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	return regexp.MustCompile(`\S+`).FindString(out)
}
