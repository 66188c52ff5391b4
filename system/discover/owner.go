package discover

import (
	"strconv"
	"strings"
	"syscall"

	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
)

// ownerHome returns the home folder of the user whom an installation belongs
// to, as the Tree's own list of users says: engines mostly run as that user.
func ownerHome(t *tree.Tree, home string) settings.Setting {
	info, err := t.Stat(home)
	if err != nil {
		return settings.Setting{}
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return settings.Setting{}
	}
	data, err := t.Read("/etc/passwd")
	if err != nil {
		return settings.Setting{}
	}
	for i, line := range strings.Split(string(data), "\n") {
		f := strings.Split(line, ":")
		if len(f) >= 6 && f[2] == strconv.FormatUint(uint64(stat.Uid), 10) && strings.HasPrefix(f[5], "/") {
			from := settings.Origin{Name: "home of the owner " + f[0] + ", /etc/passwd", Line: i + 1}
			return settings.Setting{Key: "user.home", Value: f[5], From: from}
		}
	}
	return settings.Setting{}
}
