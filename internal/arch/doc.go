// Package arch holds the tree to its own rules: which room may import which,
// what a package must have, and what no file may hold. It has tests only; each
// failure names the rule and the reason for it.
//
// A room is a package, or a folder of them, with one concern. Rooms lie in an
// order, and imports point only downward in it; rooms_test.go has the list.
package arch
