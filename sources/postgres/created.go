package postgres

import (
	"encoding/binary"
	"os"
)

// The table of contents begins with the time at which it was made; nothing
// reads it but listings. steadyTime writes one fixed time there, so that a
// database whose definition stays keeps its table of contents byte by byte.
// What it doesn't know for sure it leaves alone.
func steadyTime(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 64)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil // shorter than any archive: pg_restore will say so
	}
	at, ok := timeAt(head)
	if !ok {
		return nil
	}
	for i, v := range [timeFields]uint32{0, 0, 0, 1, 0, 100, 0} { // 2000-01-01
		head[at+5*i] = 0
		binary.LittleEndian.PutUint32(head[at+5*i+1:], v)
	}
	if _, err := f.WriteAt(head, 0); err != nil {
		return err
	}
	return f.Close()
}

const timeFields = 7 // second, minute, hour, day, month, year, summer time

// timeAt finds the time in the head of an archive of the versions 1.12 to
// 1.16: magic, three bytes of version, size of numbers, size of offsets,
// format, compression, time. A number is a sign and four bytes.
func timeAt(head []byte) (int, bool) {
	if string(head[:5]) != "PGDMP" || head[5] != 1 || head[6] < 12 || head[6] > 16 || head[8] != 4 {
		return 0, false
	}
	at := 11 + 5
	if head[6] >= 15 {
		at = 11 + 1 // compression is one byte since then
	}
	greatest := [timeFields]uint32{61, 59, 23, 31, 11, 300, 1}
	for i, most := range greatest {
		field := head[at+5*i:]
		if v := binary.LittleEndian.Uint32(field[1:]); field[0] > 1 || v > most && (i < 6 || v != 1) {
			return 0, false
		}
	}
	return at, true
}
