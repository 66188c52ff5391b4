//go:build race

package prooftest

// stride is how many points lie between two that are tried. With the race
// detector, which makes all this ten times slower, it is a sample of them.
const stride = 11
