package seal

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"ivyvault/chunk"
)

var (
	testRepo   = RepoID{1, 2, 3}
	testConfig = [32]byte{9, 9, 9}
	testTime   = time.Unix(1_767_225_600, 0)
	cheap      = Argon{Passes: 1, MemoryKiB: 64, Lanes: 1}
)

// fixedFull is a full keyring of fixed seeds: each secret is 32 equal bytes.
func fixedFull(t testing.TB) *Keyring {
	t.Helper()
	var raw rawSecrets
	for i, p := range []*[32]byte{&raw.identity, &raw.splitter, &raw.index, &raw.private, &raw.root, &raw.signer} {
		for j := range p {
			p[j] = byte(0x11 * (i + 1))
		}
	}
	k, err := newFull(testRepo, &raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func fixedBackup(t testing.TB) *Keyring {
	t.Helper()
	return fixedFull(t).derive(Backup, [32]byte(bytes.Repeat([]byte{0x77}, 32)))
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSlotRoundTrip(t *testing.T) {
	full := must(Generate(testRepo))(t)
	for _, role := range []Role{Full, Backup} {
		k := must(full.Derive(role))(t)
		object := must(SealSlot(k, testConfig, "ivy-größe", testTime, []byte("pass"), cheap))(t)
		info := must(ParseSlot(object))(t)
		if info.Role != role || info.Label != "ivy-größe" || !info.Created.Equal(testTime) || info.Argon != cheap || info.Signer != k.Signer() {
			t.Errorf("%s: info %+v", role, info)
		}
		got := must(OpenSlot(object, testRepo, testConfig, []byte("pass")))(t)
		sameKeyring(t, k, got)
		if got.Label() != "ivy-größe" || got.SlotName() != ObjectName(object) || got.CanRead() != (role == Full) {
			t.Errorf("%s: opened as %v, label %q", role, got, got.Label())
		}

		// A changed password: the same keyring under a new slot.
		again := must(SealSlot(got, testConfig, got.Label(), testTime, []byte("new"), cheap))(t)
		sameKeyring(t, k, must(OpenSlot(again, testRepo, testConfig, []byte("new")))(t))
		if _, err := OpenSlot(again, testRepo, testConfig, []byte("pass")); !errors.Is(err, ErrWrongPassword) {
			t.Errorf("%s: the old password: %v", role, err)
		}
		if _, err := OpenSlot(object, RepoID{7}, testConfig, []byte("pass")); !errors.Is(err, ErrWrongPassword) {
			t.Errorf("%s: another repository: %v", role, err)
		}
		if _, err := OpenSlot(object, testRepo, [32]byte{}, []byte("pass")); !errors.Is(err, ErrConfigDiffers) {
			t.Errorf("%s: another config: %v", role, err)
		}
	}
}

func sameKeyring(t *testing.T, a, b *Keyring) {
	t.Helper()
	if !bytes.Equal(a.s.plain(testConfig), b.s.plain(testConfig)) || a.s.cert != b.s.cert || a.s.keyID != b.s.keyID || a.Role() != b.Role() || a.Repo() != b.Repo() {
		t.Error("the keyring came back changed")
	}
}

func TestPackKey(t *testing.T) {
	full, backup := fixedFull(t), fixedBackup(t)
	for _, kind := range []uint8{DataPack, TreePack} {
		header, aead, err := backup.NewPackKey(kind)
		if err != nil {
			t.Fatal(err)
		}
		gotKind, opened, err := full.OpenPackKey(header[:])
		if err != nil || gotKind != kind {
			t.Fatalf("kind %d, %v", gotKind, err)
		}
		sealed := aead.Seal(nil, make([]byte, 12), []byte("ivy"), nil)
		if plain, err := opened.Open(nil, make([]byte, 12), sealed, nil); err != nil || string(plain) != "ivy" {
			t.Fatalf("%q, %v", plain, err)
		}
		if _, _, err := backup.OpenPackKey(header[:]); !errors.Is(err, ErrCannotRead) {
			t.Errorf("a backup key opens a pack: %v", err)
		}
		refuseChanges(t, "pack header", header[:], false, func(p []byte) error {
			_, _, err := full.OpenPackKey(p)
			return err
		})
	}
	if _, _, err := full.NewPackKey(3); err == nil {
		t.Error("a pack of kind 3 was made")
	}
}

func TestSnapshot(t *testing.T) {
	full, backup := fixedFull(t), fixedBackup(t)
	plain := []byte(`{"host":"ivy"}`)
	for _, k := range []*Keyring{full, backup} {
		object := must(k.SealSnapshot(plain))(t)
		got, who, err := full.OpenSnapshot(object)
		if err != nil || !bytes.Equal(got, plain) || who != (Signer{k.Role(), k.Signer()}) {
			t.Fatalf("%q, %v, %v", got, who, err)
		}
		if _, _, err := backup.OpenSnapshot(object); !errors.Is(err, ErrCannotRead) {
			t.Errorf("a backup key opens a snapshot: %v", err)
		}
		if who, err := backup.Verify(object, KindSnapshot); err != nil || who.Public != k.Signer() {
			t.Errorf("a backup key verifies: %v, %v", who, err)
		}
		refuseChanges(t, "snapshot", object, true, func(p []byte) error {
			_, _, err := full.OpenSnapshot(p)
			return err
		})
	}
}

func TestBox(t *testing.T) {
	full, backup := fixedFull(t), fixedBackup(t)
	for _, kind := range []Kind{KindIndex, KindLog} {
		prefix := append(AppendHead(nil, kind), "number and previous"...)
		for _, plain := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("ivy"), 100)} {
			object := must(backup.SealBox(prefix, kind, plain))(t)
			got, who, err := full.OpenBox(object, len(prefix), kind)
			if err != nil || !bytes.Equal(got, plain) || who != (Signer{Backup, backup.Signer()}) || !bytes.HasPrefix(object, prefix) {
				t.Fatalf("%q, %v, %v", got, who, err)
			}
			if len(object) != len(prefix)+len(plain)+BoxOverhead {
				t.Errorf("%d bytes", len(object))
			}
			for _, n := range []int{-1, 0, HeadSize, len(prefix) - 1, len(prefix) + 1, len(object), len(object) + 1} {
				if _, _, err := full.OpenBox(object, n, kind); !errors.Is(err, chunk.ErrDamaged) {
					t.Errorf("prefix of %d: %v", n, err)
				}
			}
			refuseChanges(t, "box", object, true, func(p []byte) error {
				_, _, err := full.OpenBox(p, len(prefix), kind)
				return err
			})
		}
	}
	if _, err := full.SealBox([]byte("no head"), KindLog, nil); err == nil {
		t.Error("a prefix without a head was sealed")
	}
}

// An object signed by a stranger, or by a root of another repository, or moved
// between repositories is refused; so is a certificate for another role.
func TestSignerMustBeCertified(t *testing.T) {
	full, backup := fixedFull(t), fixedBackup(t)
	prefix := AppendHead(nil, KindLog)
	stranger := must(Generate(testRepo))(t)
	elsewhere := *full.s
	elsewhere.repo, elsewhere.proved = RepoID{8}, nil
	promoted := *backup.s
	promoted.role = Full
	for name, k := range map[string]*Keyring{"a stranger": stranger, "another repository": {s: &elsewhere}, "a promoted backup key": {s: &promoted}} {
		object := must(k.SealBox(prefix, KindLog, []byte("p")))(t)
		if _, err := full.Verify(object, KindLog); !errors.Is(err, chunk.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := backup.Derive(Backup); !errors.Is(err, ErrCannotRead) {
		t.Errorf("a backup key adds a key: %v", err)
	}
	if _, err := full.Derive(3); err == nil {
		t.Error("role 3 was derived")
	}
}

// refuseChanges tries each byte with a bit flipped, shorter forms and, unless the object is only the beginning of
// a longer one, a byte more.
func refuseChanges(t *testing.T, what string, object []byte, longer bool, open func([]byte) error) {
	t.Helper()
	refused := func(name string, p []byte) {
		err := open(p)
		var version *VersionError
		if err == nil {
			t.Fatalf("%s: %s was accepted", what, name)
		}
		if !errors.Is(err, chunk.ErrDamaged) && !errors.As(err, &version) && !errors.Is(err, ErrWrongPassword) {
			t.Fatalf("%s: %s: the error is neither damage nor a version: %v", what, name, err)
		}
	}
	for i := range object {
		p := bytes.Clone(object)
		p[i] ^= 1 << (i % 8)
		refused(fmt.Sprintf("byte %d with bit %d changed", i, i%8), p)
	}
	for n := 0; n < len(object); n += 1 + n/16 {
		refused(fmt.Sprintf("the first %d bytes", n), bytes.Clone(object[:n]))
	}
	if longer {
		refused("a byte more", append(bytes.Clone(object), 0))
	}
}
