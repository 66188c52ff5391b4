// Package states keeps what a backup saw, so that the next one of the same
// backup set can tell what has changed without asking the repository.
//
// Nouns:
//
//   - A backup set is named by 32 bytes that the caller derives from it.
//   - A record is one entry of the walk: its path, and a value that the caller
//     encodes and this package does not look into.
//   - A state file holds the records of one set and one snapshot, in walk order:
//     depth first, a directory before what is in it, siblings by the bytes of
//     their names. Compare is that order.
//   - A block is a run of records, compressed and hashed by itself. The trailer
//     at the end of the file lists the blocks and is hashed too.
//
// Promise: records are given out only from blocks that match their hash, out of
// a file that was finished: a torn file is as good as none, and a damaged block
// ends the reading with an error. A state file is never changed. Losing one
// costs time, never data.
package states
