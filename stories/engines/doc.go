// Package engines holds tests only. Each tells the life of an installation with
// real servers: it is discovered, captured over two nights, asked for single
// things, then lost as a whole and restored by following its run book to the
// letter, and compared.
package engines
