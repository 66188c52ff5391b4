// Package owners finds the names of users and groups on this machine.
package owners

import (
	"os/user"
	"strconv"
)

// Names returns the names of the users and groups that have one, by number in
// decimal digits.
func Names(uids, gids map[uint32]bool) (users, groups map[string]string) {
	users, groups = map[string]string{}, map[string]string{}
	for id := range uids {
		n := strconv.FormatUint(uint64(id), 10)
		if u, err := user.LookupId(n); err == nil {
			users[n] = u.Username
		}
	}
	for id := range gids {
		n := strconv.FormatUint(uint64(id), 10)
		if g, err := user.LookupGroupId(n); err == nil {
			groups[n] = g.Name
		}
	}
	return users, groups
}
