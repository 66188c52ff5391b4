//go:build race

package chunk_test

// raceEnabled: the race detector makes pools drop items, so that counts of
// allocations mean nothing.
const raceEnabled = true
