package mounts

import (
	"slices"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	const info = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:44 / /mnt/my\040vault ro,nosuid - fuse.ivyvault /srv/vault ro,user_id=0
41 22 0:45 / /mnt/other\134x ro - fuse.ivyvault ivyvault ro
42 22 0:46 / /mnt/sshfs ro - fuse.sshfs host:/ ro
broken line
`
	got, err := read(strings.NewReader(info), "fuse.ivyvault")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/mnt/my vault", `/mnt/other\x`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := OfType("fuse.ivyvault"); err != nil {
		t.Error(err)
	}
}
