package seal

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew: only when the format's version changes")

// golden returns the object kept in testdata under the name, in hex; with
// -update it keeps made instead.
func golden(t *testing.T, name string, made []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name+".hex")
	if *update {
		var lines strings.Builder
		for rest := hex.EncodeToString(made); rest != ""; {
			n := min(len(rest), 120)
			lines.WriteString(rest[:n] + "\n")
			rest = rest[n:]
		}
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	object, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// What is made of fixed seeds and salts comes out as it did when the golden
// files were written, and opens.
func TestGoldenSlots(t *testing.T) {
	salt := [saltSize]byte(bytes.Repeat([]byte{0x5a}, saltSize))
	for _, k := range []*Keyring{fixedFull(t), fixedBackup(t)} {
		name := "slot-" + k.Role().String()
		made := must(sealSlot(k, testConfig, "golden "+k.Role().String(), testTime, []byte("ivy"), Argon{2, 128, 2}, salt))(t)
		kept := golden(t, name, made)
		if !bytes.Equal(made, kept) {
			t.Errorf("%s: the same seeds give other bytes than the golden file", name)
		}
		sameKeyring(t, k, must(OpenSlot(kept, testRepo, testConfig, []byte("ivy")))(t))
	}
}

func TestGoldenBoxes(t *testing.T) {
	salt := [saltSize]byte(bytes.Repeat([]byte{0xa5}, saltSize))
	for name, k := range map[string]*Keyring{"box-full": fixedFull(t), "box-backup": fixedBackup(t)} {
		prefix := append(AppendHead(nil, KindLog), "a number"...)
		made := must(k.sealBox(prefix, KindLog, []byte("a state entry"), salt))(t)
		kept := golden(t, name, made)
		if !bytes.Equal(made, kept) {
			t.Errorf("%s: the same seeds give other bytes than the golden file", name)
		}
		plain, who, err := fixedBackup(t).OpenBox(kept, len(prefix), KindLog)
		if err != nil || string(plain) != "a state entry" || who.Public != k.Signer() {
			t.Errorf("%s: %q, %v, %v", name, plain, who, err)
		}
	}
}

// What is sealed to the public key is different each time: the golden files
// hold one of each, and must open.
func TestGoldenSealed(t *testing.T) {
	full, backup := fixedFull(t), fixedBackup(t)

	kept := golden(t, "snapshot", must(backup.SealSnapshot([]byte(`{"host":"ivy"}`)))(t))
	plain, who, err := full.OpenSnapshot(kept)
	if err != nil || string(plain) != `{"host":"ivy"}` || who.Public != backup.Signer() {
		t.Errorf("snapshot: %q, %v, %v", plain, who, err)
	}

	header, aead, err := backup.NewPackKey(TreePack)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, 12)
	kept = golden(t, "pack-key", aead.Seal(header[:], nonce, []byte("a frame"), nil))
	kind, aead, err := full.OpenPackKey(kept)
	if err != nil || kind != TreePack {
		t.Fatalf("pack: kind %d, %v", kind, err)
	}
	if plain, err := aead.Open(nil, nonce, kept[PackHeaderSize:], nil); err != nil || string(plain) != "a frame" {
		t.Errorf("pack: %q, %v", plain, err)
	}
}
