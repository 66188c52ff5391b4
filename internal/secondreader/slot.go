package secondreader

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/zeebo/blake3"
	"golang.org/x/crypto/argon2"
)

// The roles of key slots.
const (
	roleFull   = 1
	roleBackup = 2
)

// ErrPassword says that no key slot opens with the password.
var ErrPassword = errors.New("no key slot opens with this password")

// secrets is what a reader takes out of a key slot.
type secrets struct {
	role     byte
	identity hash            // I: keys of names
	index    hash            // X: keys of boxes
	root     []byte          // public half of the signing root
	keyID    [16]byte        // of the public key
	private  hpke.PrivateKey // nil under a backup key
}

// slot is a key slot whose sealed part is still closed.
type slot struct {
	role           byte
	passes, memory uint32
	lanes          byte
	salt           []byte
	signer         []byte
	certificate    []byte
	open           []byte // head and open part
	sealed         []byte
}

// openSlots tries the password on every key slot.
func openSlots(dir string, conf config, password []byte) (*secrets, error) {
	files, err := os.ReadDir(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name, err := parseName(f.Name())
		if err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		object, err := readNamed(dir, "keys", name, kindKey)
		if err != nil {
			return nil, err
		}
		sec, err := openSlot(object, conf, password)
		if errors.Is(err, ErrPassword) {
			continue
		}
		if err != nil {
			err = fmt.Errorf("keys/%s: %w", f.Name(), err)
		}
		return sec, err
	}
	return nil, ErrPassword
}

func parseSlot(object []byte) (slot, error) {
	d := decoder{p: object[headSize:]}
	s := slot{role: d.u8()}
	label := d.bytes()
	made := d.u64()
	s.passes, s.memory, s.lanes = d.u32(), d.u32(), d.u8()
	s.salt, s.signer, s.certificate = d.take(32), d.take(32), d.take(64)
	switch {
	case d.err != nil:
		return s, d.err
	case s.role != roleFull && s.role != roleBackup:
		return s, fmt.Errorf("role %d", s.role)
	case len(label) > 256 || !utf8.Valid(label):
		return s, errors.New("the label is too long or not UTF-8")
	case made >= 1<<40:
		return s, errors.New("the time is out of bounds")
	case s.passes < 1 || s.passes > 64, s.lanes < 1 || s.lanes > 64,
		s.memory < 8*uint32(s.lanes) || s.memory > 4_194_304:
		return s, errors.New("the cost of argon2 is out of bounds")
	}
	s.open, s.sealed = object[:len(object)-len(d.p)], d.p
	return s, nil
}

func openSlot(object []byte, conf config, password []byte) (*secrets, error) {
	s, err := parseSlot(object)
	if err != nil {
		return nil, err
	}
	key := argon2.IDKey(password, s.salt, s.passes, s.memory, s.lanes, 32)
	extra := join(s.open[:headSize], conf.repository[:], s.open[headSize:])
	plain, err := gcm(key).Open(nil, make([]byte, 12), s.sealed, extra)
	if err != nil {
		return nil, ErrPassword
	}
	d := decoder{p: plain}
	sum := d.hash()
	sec := &secrets{role: s.role, identity: d.hash()}
	d.take(32) // S, for writers
	sec.index = d.hash()
	public := d.bytes()
	sec.root = d.take(32)
	seed := d.take(32)
	var private []byte
	if s.role == roleFull {
		private = d.take(32)
		d.take(32) // the root's seed, for adding keys
	}
	if err := d.done(); err != nil {
		return nil, err
	}
	if sum != conf.sum {
		return nil, errors.New("the config is not the one that this key was made for")
	}
	if string(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)) != string(s.signer) {
		return nil, errors.New("the signer's halves do not belong together")
	}
	if !certified(sec.root, conf.repository, s.role, s.signer, s.certificate) {
		return nil, errors.New("the signer is not certified")
	}
	id := blake3.Sum256(public)
	copy(sec.keyID[:], id[:])
	if s.role == roleFull {
		if sec.private, err = hpke.MLKEM768X25519().NewPrivateKey(private); err != nil {
			return nil, err
		}
		if string(sec.private.PublicKey().Bytes()) != string(public) {
			return nil, errors.New("private and public key do not belong together")
		}
	}
	return sec, nil
}

// unseal opens an HPKE message: the encapsulated key, then the ciphertext.
func (s *secrets) unseal(info, message []byte) ([]byte, error) {
	if s.private == nil {
		return nil, errors.New("a backup key can't read this")
	}
	return hpke.Open(s.private, hpke.HKDFSHA256(), hpke.AES256GCM(), info, message)
}

// gcm is AES-256-GCM under a key of 32 bytes, which makes it unable to fail.
func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// join is the ‖ of the page.
func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
