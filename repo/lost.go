package repo

import (
	"errors"
	"strings"

	"ivyvault/chunk"
)

// LostSnapshotsError names the snapshots that the log says exist and whose
// objects can't be read. It Is chunk.ErrDamaged.
type LostSnapshotsError struct {
	Lost []Snapshot // nothing of them is known but ID and Form
	errs []error    // what is wrong with each
}

func (e *LostSnapshotsError) add(id, form Name, err error) {
	e.Lost = append(e.Lost, Snapshot{ID: id, Form: form})
	e.errs = append(e.errs, err)
}

func (e *LostSnapshotsError) Error() string {
	ids := make([]string, len(e.Lost))
	for i, s := range e.Lost {
		ids[i] = s.ID.Short()
	}
	return errors.Join(e.errs...).Error() + "; bring the objects below snapshots/ back from a copy of the repository, or 'ivyvault forget " + strings.Join(ids, " ") + "'; the other snapshots can be used by their ids"
}

// Is makes every LostSnapshotsError a chunk.ErrDamaged.
func (e *LostSnapshotsError) Is(target error) bool { return target == chunk.ErrDamaged }

// Unwrap returns what is wrong with each.
func (e *LostSnapshotsError) Unwrap() []error { return e.errs }
