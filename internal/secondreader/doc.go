// Package secondreader reads an IvyVault repository a second way.
//
// It was written from doc/format.md and from nothing else: it imports no
// package of this module, only the standard library, argon2, BLAKE3 and zstd.
// Where it restores what the program stored, the page is complete; where the
// page and the program part ways, its test fails. It is also meant to be read:
// whoever has to get data out of a repository in thirty years, in another
// language, can follow it file by file, in the order of the page:
//
//	decode.go    section 1   the notation
//	object.go    section 2   heads and names
//	config.go    section 3
//	slot.go      section 4   from a password to the secrets
//	signed.go    section 4   signatures and boxes
//	chunk.go     section 5   hashes of frames, chunks, contents
//	pack.go      section 6   packs, their tables and frames
//	index.go     section 7   where chunks are
//	snapshot.go  section 8
//	page.go, entry.go        section 9, directories
//	content.go   section 10  the bytes of files, content lists
//	log.go, state.go         section 11, what exists
//	walk.go, restore.go      putting it together
//
// It is simple before it is fast: it holds whole packs in memory, reads the log
// from its first entry and uses one processor. A Vault is not safe for
// concurrent use.
//
// Promise: what it returns was verified against every rule of the page that a
// reader can check; the first thing that breaks one is an error.
package secondreader
