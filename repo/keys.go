package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"ivyvault/chunk"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
)

// Key is a key slot as 'key list' shows it.
type Key struct {
	Name    Name      `json:"id"`
	Role    string    `json:"role"`
	Label   string    `json:"label"`
	Created time.Time `json:"created"`
	Current bool      `json:"current"` // it opened the repository now
}

// slotHint is the cache file that names the slot that opened last time.
const slotHint = "slot"

// readSlots returns the bytes of all key slots by name.
func readSlots(ctx context.Context, st store.Store) (map[Name][]byte, error) {
	slots := map[Name][]byte{}
	err := st.List(ctx, store.Key, func(i store.Info) error {
		var n Name
		if err := n.UnmarshalText([]byte(i.Name.Name)); err != nil {
			return nil // not one of ours
		}
		data, err := st.Get(ctx, i.Name, 0, -1)
		if errors.Is(err, store.ErrNotExist) {
			return nil // removed meanwhile
		}
		slots[n] = data
		return err
	})
	return slots, err
}

// openAnySlot tries the password on each slot, the one that opened last time
// first: each try costs a key derivation.
func openAnySlot(ctx context.Context, st store.Store, config Config, configObj []byte, opt Options) (*seal.Keyring, error) {
	id, err := config.repoID()
	if err != nil {
		return nil, err
	}
	slots, err := readSlots(ctx, st)
	if err != nil {
		return nil, err
	}
	hintPath := ""
	if opt.CacheDir != "" {
		hintPath = opt.CacheDir + "/" + config.ID[:16] + "/" + slotHint
	}
	hint, _ := os.ReadFile(hintPath)
	names := make([]Name, 0, len(slots))
	for n := range slots {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool {
		if a, b := names[i].String() == string(hint), names[j].String() == string(hint); a != b {
			return a
		}
		return names[i].String() < names[j].String()
	})
	var damaged []error
	for _, n := range names {
		data := slots[n]
		if seal.ObjectName(data) != n {
			damaged = append(damaged, &chunk.DamageError{What: "key " + n.Short(), How: "its bytes do not have its name; it is passed over"})
			continue
		}
		ring, err := seal.OpenSlot(data, id, seal.ObjectName(configObj), opt.Password)
		switch {
		case err == nil:
			if hintPath != "" && n.String() != string(hint) {
				_ = os.WriteFile(hintPath, []byte(n.String()), 0o600) // a hint: nothing is lost without it
			}
			return ring, nil
		case errors.Is(err, seal.ErrWrongPassword):
		case errors.Is(err, seal.ErrConfigDiffers): // only the right password shows it
			return nil, &chunk.DamageError{What: "config", How: err.Error()}
		default:
			damaged = append(damaged, fmt.Errorf("key %s: %w", n.Short(), err))
		}
	}
	if len(names) == 0 {
		return nil, errors.New("the repository has no key slot: without one nothing in it can be read; bring a copy of its keys folder back")
	}
	if len(damaged) > 0 {
		return nil, fmt.Errorf("no key opened: %w", errors.Join(append(damaged, ErrWrongPassword)...))
	}
	return nil, ErrWrongPassword
}

// ListKeys returns all key slots, oldest first.
func (r *Repo) ListKeys(ctx context.Context) ([]Key, error) {
	slots, err := readSlots(ctx, r.store)
	if err != nil {
		return nil, err
	}
	var keys []Key
	for n, data := range slots {
		info, err := seal.ParseSlot(data)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", n.Short(), err)
		}
		keys = append(keys, Key{Name: n, Role: info.Role.String(), Label: info.Label, Created: info.Created, Current: n == r.slot()})
	}
	sort.Slice(keys, func(i, j int) bool {
		if !keys[i].Created.Equal(keys[j].Created) {
			return keys[i].Created.Before(keys[j].Created)
		}
		return keys[i].Name.String() < keys[j].Name.String()
	})
	return keys, nil
}

// slot is the slot that opens the repository under the present password.
func (r *Repo) slot() Name {
	if r.current != (Name{}) {
		return r.current
	}
	return Name(r.ring.SlotName())
}

// AddKey adds a slot of the role with its own password and signer.
func (r *Repo) AddKey(ctx context.Context, role seal.Role, label string, password []byte, params seal.Argon) (Name, error) {
	if r.ring.Role() != seal.Full {
		return Name{}, &roleError{"add keys"}
	}
	ring, err := r.ring.Derive(role)
	if err != nil {
		return Name{}, err
	}
	return r.putSlot(ctx, ring, label, password, params)
}

func (r *Repo) putSlot(ctx context.Context, ring *seal.Keyring, label string, password []byte, params seal.Argon) (Name, error) {
	config, err := r.store.Get(ctx, store.Name{Type: store.Config}, 0, -1)
	if err != nil {
		return Name{}, err
	}
	if params == (seal.Argon{}) {
		params = seal.DefaultArgon()
	}
	slot, err := seal.SealSlot(ring, seal.ObjectName(config), label, time.Now().UTC().Truncate(time.Second), password, params)
	if err != nil {
		return Name{}, err
	}
	_, err = r.store.Put(ctx, slotName(slot), slot)
	return Name(seal.ObjectName(slot)), err
}

// RemoveKey removes the slot whose name begins with the prefix. The last full
// key can't be removed, nor the one that opened the repository.
func (r *Repo) RemoveKey(ctx context.Context, prefix string) (Key, error) {
	if r.ring.Role() != seal.Full {
		return Key{}, &roleError{"remove keys"}
	}
	keys, err := r.ListKeys(ctx)
	if err != nil {
		return Key{}, err
	}
	var found []Key
	for _, k := range keys {
		if strings.HasPrefix(k.Name.String(), prefix) {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 0:
		return Key{}, fmt.Errorf("no key begins with %q: 'ivyvault key list' shows them", prefix)
	case len(found) > 1:
		return Key{}, fmt.Errorf("%d keys begin with %q: give more digits", len(found), prefix)
	case found[0].Current:
		return Key{}, fmt.Errorf("key %s opened the repository just now: remove it with the password of another key", found[0].Name.Short())
	}
	return found[0], r.store.Remove(ctx, store.Name{Type: store.Key, Name: found[0].Name.String()})
}

// ChangePassword puts the current key under a new password: the new slot is
// durable before the old one goes.
func (r *Repo) ChangePassword(ctx context.Context, password []byte, params seal.Argon) (Name, error) {
	old := r.slot()
	n, err := r.putSlot(ctx, r.ring, r.ring.Label(), password, params)
	if err != nil {
		return n, err
	}
	if err := r.store.Remove(ctx, store.Name{Type: store.Key, Name: old.String()}); err != nil {
		return n, fmt.Errorf("the new password works, but the old key %s could not be removed and still opens the repository: %w", old.Short(), err)
	}
	r.current = n
	return n, nil
}
