package seal

import (
	"crypto/hpke"
)

const (
	encSize   = 1120 // an encapsulated key of ML-KEM-768 with X25519
	tagSize   = 16
	keyIDSize = 16
)

func kem() hpke.KEM { return hpke.MLKEM768X25519() }

func sealTo(public hpke.PublicKey, info, plain []byte) (enc, sealed []byte, err error) {
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, nil, err
	}
	sealed, err = sender.Seal(nil, plain)
	return enc, sealed, err
}

func openWith(private hpke.PrivateKey, info, enc, sealed []byte) ([]byte, error) {
	recipient, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA256(), hpke.AES256GCM(), info)
	if err != nil {
		return nil, err
	}
	return recipient.Open(nil, sealed)
}
