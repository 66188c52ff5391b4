package log

import (
	"errors"

	"ivyvault/repo/seal"
)

// plainSealer seals nothing: the model test needs order, not secrecy.
type plainSealer struct{ role seal.Role }

func (p plainSealer) Role() seal.Role { return p.role }

func (p plainSealer) SealBox(prefix []byte, kind seal.Kind, plain []byte) ([]byte, error) {
	if err := seal.CheckHead(prefix, kind); err != nil {
		return nil, err
	}
	b := append(append([]byte(nil), prefix...), plain...)
	return append(b, byte(p.role)), nil
}

func (p plainSealer) OpenBox(object []byte, prefixLen int, kind seal.Kind) ([]byte, seal.Signer, error) {
	if err := seal.CheckHead(object, kind); err != nil {
		return nil, seal.Signer{}, err
	}
	if len(object) <= prefixLen {
		return nil, seal.Signer{}, errors.New("it is too short")
	}
	end := len(object) - 1
	return append([]byte(nil), object[prefixLen:end]...), seal.Signer{Role: seal.Role(object[end])}, nil
}
