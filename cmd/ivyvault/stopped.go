package main

import (
	"ivyvault/system/stopped"
)

// nameStopped says which systems were stopped for a backup and never started
// again, whatever verb was asked for: whoever runs IvyVault next has to hear it.
// One that a running backup has stopped is that backup's business.
func nameStopped(out *console) {
	list, err := stopped.List(stopped.Folder())
	if err != nil {
		return // the folder is another user's: so is what was stopped
	}
	for _, r := range list {
		if !r.Held() {
			out.note("notice", "", r.String())
		}
	}
}
