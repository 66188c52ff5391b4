package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

const (
	probeRounds = 4
	probeRacers = 16
)

// ProbePutIfAbsent lets puts of different bytes race for throw-away names of
// type Probe and removes these afterwards. It returns nil where each race had
// exactly one winner, whose bytes are there and stay there; an error that Is
// ErrNotAtomic where not; and the store's error where a put, get or remove
// failed. It proves nothing about clients on other machines, but finds media
// that don't know the operation at all.
func ProbePutIfAbsent(ctx context.Context, s Store) error {
	for range probeRounds {
		if err := probeRound(ctx, s); err != nil {
			return fmt.Errorf("probing put-if-absent: %w", err)
		}
	}
	return nil
}

func probeRound(ctx context.Context, s Store) (err error) {
	var id [32]byte
	rand.Read(id[:])
	name := Name{Probe, hex.EncodeToString(id[:])}
	defer func() {
		// The name must go even where ctx was cancelled in between.
		c, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if e := s.Remove(c, name); err == nil {
			err = e
		}
	}()

	var (
		wg   sync.WaitGroup
		gate = make(chan struct{})
		made [probeRacers]bool
		errs [probeRacers]error
	)
	for i := range probeRacers {
		wg.Go(func() {
			<-gate
			made[i], errs[i] = s.Put(ctx, name, probeBytes(id, i))
		})
	}
	close(gate)
	wg.Wait()

	winner, winners := -1, 0
	for i := range probeRacers {
		if errs[i] != nil {
			return errs[i]
		}
		if made[i] {
			winner = i
			winners++
		}
	}
	if winners != 1 {
		return fmt.Errorf("%w: %d of %d racing puts made the object", ErrNotAtomic, winners, probeRacers)
	}
	late, err := s.Put(ctx, name, probeBytes(id, probeRacers))
	if err != nil {
		return err
	}
	if late {
		return fmt.Errorf("%w: a put made an object that was there already", ErrNotAtomic)
	}
	got, err := s.Get(ctx, name, 0, -1)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, probeBytes(id, winner)) {
		return fmt.Errorf("%w: the object does not hold its maker's bytes", ErrNotAtomic)
	}
	return nil
}

// probeBytes differ by racer in content and in length.
func probeBytes(id [32]byte, racer int) []byte {
	b := bytes.Repeat(id[:], 4)
	return append(b[:len(b)-racer], byte(racer))
}
