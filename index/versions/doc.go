// Package versions keeps, on local disk, what stood at every path in every
// snapshot, as a table that grows with changes and not with snapshots.
//
// Nouns:
//
//   - A chain is a sequence of snapshots of which each was compared with the
//     one before it: those of one backup set, usually by time. A snapshot's
//     place in its chain is its position.
//   - A state is what stands at a path, as far as versions are concerned: a
//     kind and a fingerprint, both the caller's. Kind 0 is nothing.
//   - A span says that a path had a state from one position of a chain up to,
//     and not including, another. Open spans go on to the end of the chain.
//   - A row is a path with all its spans.
//   - A Table is one generation (see package generation), open for reading.
//   - A fold writes a new generation from the present one and from what
//     changed in the snapshots that it lacks. Snapshots that live no more drop
//     out of their chains, and what only they had drops out of the rows.
//
// Promise: the folder is a cache and can be deleted at any time. Any number of
// processes read while one folds, and none waits for another. Every byte that
// an answer rests on was compared with a hash; where that fails the method
// returns an error, and nothing is taken for absent that a damaged file hides.
//
// The package knows nothing of trees: the caller tells a fold what changed.
package versions
