package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"ivyvault/chunk"
)

func TestHead(t *testing.T) {
	good := AppendHead(nil, KindIndex)
	if len(good) != HeadSize || string(good) != "IvyVault\x01\x04\x00\x00" {
		t.Fatalf("head %q", good)
	}
	if err := CheckHead(append(bytes.Clone(good), "more"...), KindIndex); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, object, says string
		version            uint8
	}{
		{"empty", "", "fewer than the head", 0},
		{"short", "IvyVault\x01\x04\x00", "fewer than the head", 0},
		{"magic", "ivyvault\x00\x04\x00\x00", "does not begin", 0},
		{"version 2, reserved", "IvyVault\x02\x04\x00\x00", "newer IvyVault", 2},
		{"version 3, reserved", "IvyVault\x03\x04\x00\x00", "newer IvyVault", 3},
		{"version 0, before the freeze", "IvyVault\x00\x04\x00\x00", "before it was frozen", 0},
		{"version 255", "IvyVault\xff\x09\x01\x01", "update IvyVault", 255},
		{"kind", "IvyVault\x01\x05\x00\x00", "in its place is a snapshot", 0},
		{"unknown kind", "IvyVault\x01\x09\x00\x00", "object of kind 9", 0},
		{"first zero", "IvyVault\x01\x04\x01\x00", "bits set", 0},
		{"second zero", "IvyVault\x01\x04\x00\x80", "bits set", 0},
	} {
		err := CheckHead([]byte(c.object), KindIndex)
		var version *VersionError
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "index file") {
			t.Errorf("%s: %v", c.name, err)
		}
		if newer := errors.As(err, &version); newer != (c.version > 0 || c.says == "before it was frozen") || (newer && version.Version != c.version) || newer == errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("%s: %#v", c.name, err)
		}
	}
}
