//go:build !race

package prooftest

// stride is how many points lie between two that are tried: each is.
const stride = 1
