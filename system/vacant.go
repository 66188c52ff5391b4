package system

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ivyvault/sources"
)

// vacant is an error where something lives at the path.
func vacant(path string) error {
	names, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(names) > 0:
		return &sources.OccupiedError{Where: "the directory " + path, What: fmt.Sprintf("%d entries", len(names))}
	}
	return nil
}
