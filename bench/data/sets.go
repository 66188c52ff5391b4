package data

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Tiny makes n files of 100 to 3,000 bytes, 1,000 a directory, in dir.
func Tiny(dir string, seed uint64, n int) error {
	s := newSource(seed, "tiny")
	var p []byte
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("d%03d", i/1000))
		if i%1000 == 0 {
			if err := os.MkdirAll(sub, 0o755); err != nil {
				return err
			}
		}
		p = s.record(p[:0], i, 100+s.rng.IntN(2901))
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("task-%06d.json", i)), p, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Flat makes one directory of n files of 20 to 120 bytes.
func Flat(dir string, seed uint64, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	s := newSource(seed, "flat")
	var p []byte
	for i := range n {
		p = s.record(p[:0], i, 20+s.rng.IntN(101))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%07d.json", i)), p, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// record appends a JSON-like text of n bytes to p.
func (s *source) record(p []byte, id, n int) []byte {
	end := len(p) + n
	p = append(p, `{"id":`...)
	p = strconv.AppendInt(p, int64(id), 10)
	p = append(p, `,"uuid":"`...)
	p = strconv.AppendUint(p, s.rng.Uint64(), 16)
	p = append(p, `","text":"`...)
	if len(p) < end {
		p = s.text(p, end-len(p))
	}
	return p[:end]
}

// Mixed makes about 1.17 GiB in 16,000 files at scale 1: documents of
// log-normal size, a third of them incompressible, table dumps, event segments
// and application archives. The second day of the same seed changes it as a
// working day does: see NextDay.
func Mixed(dir string, seed uint64, scale float64) error {
	s := newSource(seed, "mixed")
	if err := s.documents(filepath.Join(dir, "documents"), 0, int(15800*scale)); err != nil {
		return err
	}
	for t := range 6 {
		if err := s.table(filepath.Join(dir, "dump"), t, int(120000*scale)); err != nil {
			return err
		}
	}
	for g := range int(12 * scale) {
		if err := s.segment(filepath.Join(dir, "events"), g, 16<<20); err != nil {
			return err
		}
	}
	for a := range int(math.Ceil(6 * scale)) {
		if err := s.archive(filepath.Join(dir, "applications", fmt.Sprintf("app%d", a)), 12<<20); err != nil {
			return err
		}
	}
	return nil
}

// documents makes files whose sizes are log-normal, with a mean near 45 KB.
func (s *source) documents(dir string, from, n int) error {
	var p []byte
	for i := from; i < from+n; i++ {
		size := int(math.Exp(9.75 + 1.45*s.rng.NormFloat64()))
		size = min(max(size, 30), 24<<20)
		sub := filepath.Join(dir, fmt.Sprintf("%02x", i/9%97), fmt.Sprintf("case-%05d", i/9))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return err
		}
		name, kind := fmt.Sprintf("doc-%06d.txt", i), i%3
		if kind == 0 {
			name = fmt.Sprintf("scan-%06d.pdf", i)
			p = append(p[:0], make([]byte, size)...)
			s.noise(p)
		} else {
			p = s.record(p[:0], i, size)
		}
		if err := os.WriteFile(filepath.Join(sub, name), p, 0o640); err != nil {
			return err
		}
	}
	return nil
}

// table makes a dump of rows like those of a database's text format.
func (s *source) table(dir string, t, rows int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	p := make([]byte, 0, rows*220)
	for i := range rows {
		p = s.row(p, t, i)
	}
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("table-%02d.dat", t)), p, 0o600)
}

func (s *source) row(p []byte, t, i int) []byte {
	p = strconv.AppendInt(p, int64(i), 10)
	p = append(p, '\t')
	p = time.Unix(1700000000+int64(i*37), 0).UTC().AppendFormat(p, "2006-01-02 15:04:05")
	p = append(p, '\t')
	p = strconv.AppendUint(p, s.rng.Uint64(), 16)
	p = append(p, '\t')
	p = s.text(p, 60+s.rng.IntN(180))
	p = append(p, '\t')
	p = strconv.AppendInt(p, int64(t*i%1009), 10)
	return append(p, '\n')
}

// segment makes an event segment: records with a payload, half of it noise, and
// an empty tail.
func (s *source) segment(dir string, g, size int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	p := make([]byte, 0, size)
	var raw [120]byte
	for i := 0; len(p) < size-2000; i++ {
		p = s.record(p, g*100000+i, 300+s.rng.IntN(400))
		s.noise(raw[:])
		p = append(p, raw[:]...)
	}
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("%020d.events", g*25000)), append(p, make([]byte, size-len(p))...), 0o644)
}

// archive makes an application: one large incompressible archive, some classes.
func (s *source) archive(dir string, size int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	p := make([]byte, size)
	s.noise(p)
	if err := os.WriteFile(filepath.Join(dir, "app.iar"), p, 0o644); err != nil {
		return err
	}
	for i := range 25 {
		p = s.text(p[:0], 2000+s.rng.IntN(9000))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("Process%02d.p.json", i)), p, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// NextDay changes what Mixed made: rows of the dumps are updated and added,
// documents added, changed and removed, two segments added.
func NextDay(dir string, seed uint64, scale float64) error {
	s := newSource(seed, "day two")
	for t := range 6 {
		name := filepath.Join(dir, "dump", fmt.Sprintf("table-%02d.dat", t))
		p, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for range 40 { // updates in place, clustered as they are in real tables
			at := s.rng.IntN(max(1, len(p)-4000))
			copy(p[at:], s.text(nil, min(len(p)-at, 30)))
		}
		for i := range int(2000 * scale) {
			p = s.row(p, t, 1000000+i)
		}
		if err := os.WriteFile(name, p, 0o600); err != nil {
			return err
		}
	}
	for g := 100; g < 102; g++ {
		if err := s.segment(filepath.Join(dir, "events"), g, 16<<20); err != nil {
			return err
		}
	}
	return s.documents(filepath.Join(dir, "documents"), 1000000, int(400*scale))
}
