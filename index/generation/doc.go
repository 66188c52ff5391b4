// Package generation keeps one folder of immutable data that any number of
// processes read while others replace it.
//
// Nouns:
//
//   - A generation is a folder gen-<n> whose files never change once it has
//     that name. It carries a note: a few bytes that its maker chose.
//   - CURRENT is the file that names the newest generation and holds the hash
//     of its manifest, which in turn lists every file of it.
//   - A generation's lock is the file gen-<n>.lock beside it. Readers hold it
//     shared; whoever gets it exclusively, and sees that CURRENT names another
//     generation, deletes the folder.
//   - The maker's lock is the file make.lock: one process makes a generation or
//     deletes old ones at a time; who finds it taken leaves the work undone.
//
// Promise: Open never waits and never sees a generation that is half written.
// A process may be killed at any point: what it leaves behind is not named by
// CURRENT and goes with the next Make or Sweep.
package generation
