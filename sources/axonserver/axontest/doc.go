// Package axontest makes event stores for tests: synthetic ones, written from
// the description of the format and sharing no code with what reads them, and
// the real one that is kept in testdata.
//
// Nouns:
//
//   - An Event is what a test says about an event; what it leaves out is made up.
//   - A Tx is a transaction: events that are written at once.
//   - A Store is a directory of a context in memory, as fstest.MapFS, to be
//     damaged at will.
//
// Promise: what comes out is what a server would have written, index files
// excepted, which are there and hold nothing that a server could use.
package axontest
