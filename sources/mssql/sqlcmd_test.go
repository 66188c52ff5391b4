package mssql

import (
	"encoding/hex"
	"testing"
	"unicode/utf16"
)

// What decodes and is written again decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "6100", "3DD800DE", "00D8", "zz", "610"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, digits string) {
		text, err := decode(digits)
		if err != nil {
			return
		}
		var p []byte
		for _, u := range utf16.Encode([]rune(text)) {
			p = append(p, byte(u), byte(u>>8))
		}
		if again, err := decode(hex.EncodeToString(p)); err != nil || again != text {
			t.Fatalf("%q, then %q, %v", text, again, err)
		}
	})
}
