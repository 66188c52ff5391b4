package seal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// MaxLabel is the greatest length of a slot's label, in bytes.
const MaxLabel = 256

// ErrWrongPassword is what OpenSlot's error Is when the password does not open
// the slot, or the slot belongs to another repository or was tampered with:
// the three can't be told apart.
var ErrWrongPassword = errors.New("wrong password")

// ErrConfigDiffers is what OpenSlot's error Is when the password is right but
// the repository's config is not the one that the slot was made for.
var ErrConfigDiffers = errors.New("the repository's config was changed after this key was made: " +
	"restore the original file config from a copy of the repository")

// SlotInfo is what a slot tells without its password. Nothing of it is proved
// before the slot was opened.
type SlotInfo struct {
	Role    Role
	Label   string
	Created time.Time // UTC, whole seconds
	Argon   Argon
	Signer  [32]byte // public key
}

// slot is a parsed slot object.
type slot struct {
	info   SlotInfo
	salt   [saltSize]byte
	cert   [certSize]byte
	open   []byte // head and open part are object[:HeadSize] and this
	sealed []byte
}

// SealSlot returns a slot object that holds k under the password: a new one,
// with a fresh salt, each time. The label is for people. A backup key may seal
// its own keyring again, to change its password.
func SealSlot(k *Keyring, configHash [32]byte, label string, created time.Time, password []byte, cost Argon) ([]byte, error) {
	var salt [saltSize]byte
	rand.Read(salt[:])
	return sealSlot(k, configHash, label, created, password, cost, salt)
}

func sealSlot(k *Keyring, configHash [32]byte, label string, created time.Time, password []byte, cost Argon, salt [saltSize]byte) ([]byte, error) {
	if err := cost.check(); err != nil {
		return nil, err
	}
	if len(label) > MaxLabel || !utf8.ValidString(label) {
		return nil, fmt.Errorf("a key's label is UTF-8 text of at most %d bytes", MaxLabel)
	}
	if created.Unix() < 0 {
		return nil, fmt.Errorf("a key can't be made before 1970: %s", created.UTC().Format(time.RFC3339))
	}
	s := k.s
	parts := slot{
		info: SlotInfo{Role: s.role, Label: label, Created: created, Argon: cost, Signer: s.signerPublic},
		salt: salt, cert: s.cert,
	}
	object := append(AppendHead(nil, KindSlot), parts.encode()...)
	aead, err := cost.cipher(password, salt)
	if err != nil {
		return nil, err
	}
	var nonce [12]byte
	return aead.Seal(object, nonce[:], s.plain(configHash), slotText(s.repo, object[HeadSize:])), nil
}

// encode returns the open part (4.2).
func (s *slot) encode() []byte {
	p := appendBytes([]byte{byte(s.info.Role)}, []byte(s.info.Label))
	p = binary.LittleEndian.AppendUint64(p, uint64(s.info.Created.Unix()))
	p = binary.LittleEndian.AppendUint32(p, s.info.Argon.Passes)
	p = binary.LittleEndian.AppendUint32(p, s.info.Argon.MemoryKiB)
	p = append(p, s.info.Argon.Lanes)
	p = append(p, s.salt[:]...)
	p = append(p, s.info.Signer[:]...)
	return append(p, s.cert[:]...)
}

// plain is the plaintext of the sealed part (4.2).
func (s *secrets) plain(configHash [32]byte) []byte {
	p := append([]byte(nil), configHash[:]...)
	p = append(p, s.identity[:]...)
	p = append(p, s.splitter[:]...)
	p = append(p, s.index[:]...)
	p = appendBytes(p, s.publicRaw)
	p = append(p, s.rootPublic[:]...)
	p = append(p, s.signer.Seed()...)
	if s.role == Full {
		p = append(p, s.privSeed[:]...)
		p = append(p, s.root.Seed()...)
	}
	return p
}

// ParseSlot reads what a slot tells without a password.
func ParseSlot(object []byte) (SlotInfo, error) {
	s, err := parseSlot(object)
	if err != nil {
		return SlotInfo{}, err
	}
	return s.info, nil
}

func parseSlot(object []byte) (*slot, error) {
	if err := CheckHead(object, KindSlot); err != nil {
		return nil, err
	}
	r := reader{p: object[HeadSize:]}
	var s slot
	s.info.Role = Role(r.u8())
	s.info.Label = string(r.bytes(MaxLabel))
	created := r.u64()
	s.info.Argon = Argon{Passes: r.u32(), MemoryKiB: r.u32(), Lanes: r.u8()}
	s.salt = r.array32()
	s.info.Signer = r.array32()
	copy(s.cert[:], r.take(certSize))
	s.open = object[HeadSize : len(object)-len(r.p)]
	s.sealed = r.p

	switch {
	case r.failed || len(s.sealed) < tagSize:
		return nil, damaged(KindSlot, "it ends too early", nil)
	case !s.info.Role.Valid():
		return nil, damaged(KindSlot, "it names the unknown "+s.info.Role.String(), nil)
	case !utf8.ValidString(s.info.Label):
		return nil, damaged(KindSlot, "its label is no UTF-8 text", nil)
	case created >= 1<<40: // some 34,000 years: beyond it the calendar breaks
		return nil, damaged(KindSlot, "it names an impossible time", nil)
	}
	if err := s.info.Argon.check(); err != nil {
		return nil, damaged(KindSlot, "it asks for a cost outside the bounds", err)
	}
	s.info.Created = time.Unix(int64(created), 0).UTC()
	return &s, nil
}

func slotText(repo RepoID, open []byte) []byte {
	text := AppendHead(make([]byte, 0, HeadSize+len(repo)+len(open)), KindSlot)
	text = append(text, repo[:]...)
	return append(text, open...)
}
