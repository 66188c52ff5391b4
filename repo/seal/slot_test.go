package seal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"ivyvault/chunk"
)

func TestChangedSlotIsRefused(t *testing.T) {
	least := Argon{Passes: 1, MemoryKiB: 8, Lanes: 1}
	object := must(SealSlot(fixedBackup(t), testConfig, "ivy", testTime, []byte("pass"), least))(t)
	refuseChanges(t, "slot", object, true, func(p []byte) error {
		// A flipped bit may ask for a thousand times the work, within the
		// bounds: that it is asked for is enough, the work is left out.
		if info, err := ParseSlot(p); err == nil && info.Argon != least {
			return ErrWrongPassword
		}
		_, err := OpenSlot(p, testRepo, testConfig, []byte("pass"))
		return err
	})
}

// The cost is part of what the seal covers: the key derived with another one
// is another key.
func TestChangedCostIsRefused(t *testing.T) {
	cost := Argon{Passes: 2, MemoryKiB: 64, Lanes: 2}
	object := must(SealSlot(fixedFull(t), testConfig, "", testTime, []byte("pass"), cost))(t)
	at := HeadSize + 1 + 1 + 8
	for name, change := range map[string]func([]byte){
		"passes": func(p []byte) { p[at] = 1 },
		"memory": func(p []byte) { p[at+4] = 32 },
		"lanes":  func(p []byte) { p[at+8] = 1 },
	} {
		p := bytes.Clone(object)
		change(p)
		if _, err := OpenSlot(p, testRepo, testConfig, []byte("pass")); !errors.Is(err, ErrWrongPassword) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHostileCostIsRefusedBeforeWork(t *testing.T) {
	object := must(SealSlot(fixedFull(t), testConfig, "", testTime, []byte("pass"), cheap))(t)
	at := HeadSize + 1 + 1 + 8
	for _, cost := range []Argon{
		{0, 64, 1}, {65, 64, 1}, {1 << 31, 64, 1},
		{1, 7, 1}, {1, 0, 1}, {1, 4<<20 + 1, 1}, {1, 1<<32 - 1, 1},
		{1, 64, 0}, {1, 1 << 20, 65}, {1, 1 << 20, 255}, {1, 64, 9},
	} {
		p := bytes.Clone(object)
		binary.LittleEndian.PutUint32(p[at:], cost.Passes)
		binary.LittleEndian.PutUint32(p[at+4:], cost.MemoryKiB)
		p[at+8] = cost.Lanes
		allocated := testing.AllocsPerRun(1, func() {
			if _, err := OpenSlot(p, testRepo, testConfig, []byte("pass")); !errors.Is(err, chunk.ErrDamaged) {
				t.Errorf("%+v: %v", cost, err)
			}
		})
		if allocated > 50 {
			t.Errorf("%+v: %v allocations before it was refused", cost, allocated)
		}
		if _, err := SealSlot(fixedFull(t), testConfig, "", testTime, nil, cost); err == nil {
			t.Errorf("%+v was sealed", cost)
		}
	}
}

func TestSealSlotRefuses(t *testing.T) {
	k := fixedFull(t)
	for name, label := range map[string]string{"too long": strings.Repeat("x", MaxLabel+1), "not UTF-8": "\xff"} {
		if _, err := SealSlot(k, testConfig, label, testTime, nil, cheap); err == nil {
			t.Errorf("a label %s was sealed", name)
		}
	}
	if _, err := SealSlot(k, testConfig, "", time.Unix(-1, 0), nil, cheap); err == nil {
		t.Error("a time before 1970 was sealed")
	}
	if _, err := SealSlot(k, testConfig, strings.Repeat("x", MaxLabel), testTime, nil, cheap); err != nil {
		t.Error(err)
	}
}

func TestDefaultCostIsAllowed(t *testing.T) {
	if err := DefaultArgon().check(); err != nil {
		t.Error(err)
	}
}

// Whatever prints a keyring, no secret byte comes out.
func TestKeyringIsRedacted(t *testing.T) {
	k := fixedFull(t)
	var text bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&text, verb+"\n", k)
		fmt.Fprintf(&text, verb+"\n", *k)
		fmt.Fprintf(&text, verb+"\n", []any{k, *k})
		fmt.Fprintf(&text, verb+"\n", struct{ K *Keyring }{k})
	}
	logger := slog.New(slog.NewTextHandler(&text, nil))
	logger.Info("opened", "keyring", k, "value", *k)
	slog.New(slog.NewJSONHandler(&text, nil)).Info("opened", "keyring", k, "value", *k)
	if err := json.NewEncoder(&text).Encode([]any{k, *k}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "keyring(full") {
		t.Error("role and signer are not named")
	}
	// Every secret is 32 equal bytes, 0x11 to 0x66: no form of two may appear.
	for i := 1; i <= 6; i++ {
		b := byte(0x11 * i)
		for _, form := range []string{string([]byte{b, b, b}), fmt.Sprintf("%x%x%x", b, b, b), fmt.Sprintf("%d %d %d", b, b, b), fmt.Sprintf("%#x, %#x", b, b)} {
			if strings.Contains(text.String(), form) {
				t.Errorf("secret %d appears in %q", i, text.String())
			}
		}
	}
	if got := fmt.Sprint(Keyring{}); got != "keyring(empty)" {
		t.Error(got)
	}
}
