package seal

import (
	"bytes"
	"errors"
	"testing"

	"ivyvault/chunk"
)

func FuzzParseSlot(f *testing.F) {
	object, err := SealSlot(fixedFull(f), testConfig, "ivy", testTime, []byte("pass"), cheap)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(object)
	f.Add(object[:100])
	f.Add([]byte("IvyVault\x00\x02\x00\x00\x01\x80\x00"))
	f.Fuzz(func(t *testing.T, p []byte) {
		s, err := parseSlot(p)
		if err != nil {
			refused(t, err)
			return
		}
		if err := s.info.Argon.check(); err != nil {
			t.Fatal(err)
		}
		again := AppendHead(nil, KindSlot)
		again = append(again, s.encode()...)
		again = append(again, s.sealed...)
		if !bytes.Equal(again, p) {
			t.Fatalf("%x decodes and encodes to %x", p, again)
		}
	})
}

func FuzzOpenBox(f *testing.F) {
	k := fixedBackup(f)
	prefix := append(AppendHead(nil, KindLog), 1, 2, 3)
	object, err := k.sealBox(prefix, KindLog, []byte("plain"), [saltSize]byte{4}) // the same in each process
	if err != nil {
		f.Fatal(err)
	}
	f.Add(object, len(prefix))
	f.Add(object[:len(object)-1], len(prefix))
	f.Add([]byte{}, -1)
	f.Fuzz(func(t *testing.T, p []byte, prefixLen int) {
		plain, _, err := k.OpenBox(p, prefixLen, KindLog)
		if err != nil {
			refused(t, err)
			return
		}
		if !bytes.Equal(p, object) || string(plain) != "plain" {
			t.Fatalf("%x opens", p)
		}
	})
}

func FuzzCheckHead(f *testing.F) {
	f.Add(AppendHead(nil, KindPack), uint8(KindPack))
	f.Add([]byte("IvyVault\x01\x03\x00\x00"), uint8(KindPack))
	f.Fuzz(func(t *testing.T, p []byte, kind uint8) {
		if err := CheckHead(p, Kind(kind)); err != nil {
			refused(t, err)
			return
		}
		if !bytes.HasPrefix(p, AppendHead(nil, Kind(kind))) {
			t.Fatalf("%x is accepted", p)
		}
	})
}

func refused(t *testing.T, err error) {
	t.Helper()
	var version *VersionError
	if !errors.Is(err, chunk.ErrDamaged) && !errors.As(err, &version) {
		t.Fatalf("neither damage nor a version: %v", err)
	}
}
