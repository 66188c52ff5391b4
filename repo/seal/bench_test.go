package seal

import (
	"bytes"
	"testing"
)

func BenchmarkNewPackKey(b *testing.B) {
	k := fixedBackup(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := k.NewPackKey(DataPack); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenPackKey(b *testing.B) {
	k := fixedFull(b)
	header, _, err := k.NewPackKey(DataPack)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := k.OpenPackKey(header[:]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealBox(b *testing.B) {
	k, prefix := fixedBackup(b), AppendHead(nil, KindIndex)
	for name, size := range map[string]int{"log-entry": 200, "index-file": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			plain := bytes.Repeat([]byte("i"), size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.SealBox(prefix, KindIndex, plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenBox(b *testing.B) {
	k, prefix := fixedBackup(b), AppendHead(nil, KindLog)
	object, err := k.SealBox(prefix, KindLog, bytes.Repeat([]byte("l"), 200))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := k.OpenBox(object, len(prefix), KindLog); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkArgon is the time that trying one password takes, by lanes.
func BenchmarkArgon(b *testing.B) {
	for name, lanes := range map[string]uint8{"1": 1, "2": 2, "4": 4, "8": 8} {
		b.Run("lanes-"+name, func(b *testing.B) {
			cost := DefaultArgon()
			cost.Lanes = lanes
			for b.Loop() {
				if _, err := cost.cipher([]byte("pass"), [saltSize]byte{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
