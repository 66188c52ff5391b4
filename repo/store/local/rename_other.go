//go:build !linux

package local

import "golang.org/x/sys/unix"

// Other systems have no such call that this package knows: hard links or none.
func renameNoReplace(string, string) error { return unix.ENOTSUP }
