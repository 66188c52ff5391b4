package tables

import (
	"fmt"
	"maps"
	"slices"
)

// SchemaError says that the target of single tables has another version of its
// schema than the capture. Leave to replace does not help: the rows would be of
// a shape, or mean something, that the engine at the target doesn't know.
type SchemaError struct {
	Where           string // the row that differs, as facts name it: "public.act_ge_property schema.version"
	Captured, There string // what it holds
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("the version %s is %q in the capture and %q at the target, so tables of the one don't belong among those of the other, even with --replace: nothing was changed. "+
		"Restore the table into a database of its own (--to database=NAME; H2: --to url=URL), or restore the whole database", e.Where, e.Captured, e.There)
}

// Agree compares the versions that a capture found with those at the place
// where tables of it are to go, both as look-ups found them. It is a
// *SchemaError for the first, in the order of names, that differs. What only
// one of the two has is no conflict: an empty database has no versions.
func Agree(captured, there map[string]string) error {
	for _, where := range slices.Sorted(maps.Keys(captured)) {
		if v, ok := there[where]; ok && v != captured[where] {
			return &SchemaError{where, captured[where], v}
		}
	}
	return nil
}
