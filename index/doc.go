// Package index answers where a chunk lies: in which pack, at which offset,
// and by whom that was said. It also reads and writes the index files of the
// repository format (doc/format.md, section 7).
//
// Nouns:
//
//   - A File is the decoded content of one index file: packs and, for each, its
//     chunks in the order in which they stand in the pack.
//   - A listing is one pack as one index file lists it. A pack that two index
//     files list has two listings; each carries the signer of its file.
//   - A Location is a chunk's place according to one listing. A chunk may have
//     several.
//   - A Table is all locations that one process knows: a base and a delta.
//   - The base is an immutable generation on disk, a Badger directory that any
//     number of processes read at once and that nobody ever opens for writing.
//   - The delta is what is newer than the base, held in memory.
//   - A fold writes base and delta into a new generation and names it in the
//     file CURRENT.
//
// Promise: whatever is on disk here is a cache. It can be deleted at any time;
// where it is missing, torn or damaged, Open says so and begins with an empty
// base, and the caller adds the index files again. No process waits for another
// and none fails because another folds, is killed or leaves.
//
// The package does not know where index files come from, how they are sealed or
// which of them live: the caller tells it.
package index
