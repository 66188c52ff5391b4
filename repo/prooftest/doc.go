// Package prooftest proves the promises that no single package can keep alone:
// that a snapshot whose commit was reported stays readable whatever operation
// of the store fails, wherever the machine stops, and whatever runs beside it.
// It holds tests only.
package prooftest
