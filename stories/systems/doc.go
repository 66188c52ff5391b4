// Package systems holds tests only: of bad nights of whole systems. The program,
// built as it is delivered, captures real servers; then, at a moment that the
// test holds still, a server, a tool or the program itself is killed.
//
// What they promise together: a clear sentence, an incomplete snapshot or none,
// the other parts whole, nothing left stopped, nothing left behind, and a next
// night that is whole.
package systems
