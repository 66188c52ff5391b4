package survey

import (
	"fmt"
	"os"
)

// LostKeys looks at the keystores that the installations use: absent are those
// that aren't there, or hold nothing, uncovered those that no captured folder
// holds.
func (s *Survey) LostKeys(list []Folder) (absent, uncovered []string) {
	for _, k := range s.Keystores {
		switch i, err := os.Stat(k.Path); {
		case err != nil:
			absent = append(absent, fmt.Sprintf("the keystore %s (%s, %s) can't be found: %v", k.Path, k.What, k.From, err))
		case i.Size() == 0:
			absent = append(absent, fmt.Sprintf("the keystore %s (%s, %s) is empty", k.Path, k.What, k.From))
		case !Covers(list, k.Path):
			uncovered = append(uncovered, fmt.Sprintf("the keystore %s (%s, %s) lies in no folder that is captured: add it to 'directories'", k.Path, k.What, k.From))
		}
	}
	return absent, uncovered
}
