// Package large holds the tests of sizes at which other tools fail: 200,000
// small files, one directory of a million, one file of 8 GiB, a repository of
// millions of chunks. They run the program as users do, compare what comes out of
// the mount and of restore, and print what they measured. They run where
// IVYVAULT_LARGE is set.
package large
