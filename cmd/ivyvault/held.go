package main

import "ivyvault/repo/backup"

// errHeld is what an error Is when another process holds what is needed.
var errHeld = backup.ErrHeld
