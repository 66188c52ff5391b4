package secondreader

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Snapshot is a tree at a time.
type Snapshot struct {
	ID    string // 64 hexadecimal digits
	Form  string // the object that it was read from; ID in the first form
	Time  time.Time
	Host  string
	Paths []string
	Tags  []string

	root ref
}

// Snapshots reads all that the log says exist, oldest first.
func (v *Vault) Snapshots() ([]Snapshot, error) {
	var list []Snapshot
	for id, form := range v.live.snapshots {
		s, err := v.readSnapshot(id, form)
		if err != nil {
			return nil, fmt.Errorf("snapshot %x: %w", id[:4], err)
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Snapshot) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (v *Vault) readSnapshot(id, form hash) (Snapshot, error) {
	object, err := readNamed(v.dir, "snapshots", form, kindSnapshot)
	if err != nil {
		return Snapshot{}, err
	}
	body, _, err := v.checkSigned(object)
	if err != nil {
		return Snapshot{}, err
	}
	d := decoder{p: body[headSize:]}
	keyID, encapsulated, ciphertext := d.take(16), d.take(1120), d.bytes()
	if err := d.done(); err != nil {
		return Snapshot{}, err
	}
	if !bytes.Equal(keyID, v.keys.keyID[:]) {
		return Snapshot{}, errors.New("sealed to another key")
	}
	info := join([]byte("ivyvault 2026 snapshot"), v.conf.repository[:], []byte{version})
	plain, err := v.keys.unseal(info, join(encapsulated, ciphertext))
	if err != nil {
		return Snapshot{}, err
	}
	return parseSnapshot(plain, id, form)
}

func parseSnapshot(plain []byte, id, form hash) (Snapshot, error) {
	var j struct {
		ID    string    `json:"id"`
		Time  time.Time `json:"time"`
		Host  string    `json:"host"`
		Paths []string  `json:"paths"`
		Tags  []string  `json:"tags"`
		Root  struct {
			ID   string `json:"id"`
			Size uint64 `json:"size"`
		} `json:"root"`
	}
	if err := json.Unmarshal(plain, &j); err != nil {
		return Snapshot{}, err
	}
	want := hex.EncodeToString(id[:])
	if id == form && j.ID != "" || id != form && j.ID != want {
		return Snapshot{}, errors.New("it is a form of another snapshot")
	}
	root, err := parseName(j.Root.ID)
	if err != nil {
		return Snapshot{}, fmt.Errorf("root: %w", err)
	}
	return Snapshot{
		ID: want, Form: hex.EncodeToString(form[:]), Time: j.Time, Host: j.Host, Paths: j.Paths, Tags: j.Tags,
		root: ref{kind: kindPage, size: j.Root.Size, id: root},
	}, nil
}
