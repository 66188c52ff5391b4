package dir

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// identity tells files of one machine apart.
type identity struct{ device, inode uint64 }

// skips are the paths that are left out. They are compared by name before
// anything is asked of the file system, since a skipped mount may hang, and by
// identity after that, since a repository may be met under another name.
type skips struct {
	byPath map[string]string
	byID   map[identity]string
}

func newSkips(list []Skip) skips {
	s := skips{byPath: map[string]string{}, byID: map[identity]string{}}
	for _, k := range list {
		p := filepath.Clean(k.Path)
		s.byPath[p] = k.Reason
	}
	for _, k := range list {
		// A path that can't be asked about is still known by its name.
		var st unix.Stat_t
		if unix.Stat(filepath.Clean(k.Path), &st) == nil {
			s.byID[identity{uint64(st.Dev), st.Ino}] = k.Reason
		}
	}
	return s
}

// path looks the snapshot path up, which has no leading slash.
func (s *skips) path(p string) (reason string, ok bool) {
	if len(s.byPath) == 0 {
		return "", false
	}
	reason, ok = s.byPath["/"+p]
	return reason, ok
}

func (s *skips) id(device, inode uint64) (reason string, ok bool) {
	if len(s.byID) == 0 {
		return "", false
	}
	reason, ok = s.byID[identity{device, inode}]
	return reason, ok
}
