package h2

import (
	"fmt"
	"strings"

	"ivyvault/sources"
	"ivyvault/sources/h2/link"
	"ivyvault/sources/tables"
)

// notAllowed is H2's code for a user who lacks a right.
const notAllowed = 90096

// fits refuses single tables where the schema at the target has another
// version. A version that was captured and may not be read there is noted.
func (r *returning) fits(conn *link.Conn, done *sources.Restored) error {
	captured := r.opt.Facts.Schema
	if len(captured) == 0 {
		return nil
	}
	all, err := list(conn)
	if err != nil {
		return err
	}
	there, err := schemas(conn, all, func(name string, e *link.Error) error {
		for where := range captured {
			switch {
			case !strings.HasPrefix(where, name+" "):
			case e.Code == notAllowed:
				done.Notes = append(done.Notes, fmt.Sprintf("the user may not read %s at the target, so the version that it holds was not compared with the captured one", name))
				return nil
			default:
				return fmt.Errorf("the version in %s can't be compared with the captured one: %w. Nothing was changed", name, e)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tables.Agree(captured, there)
}
