package segment

import "testing"

func TestParseName(t *testing.T) {
	for text, want := range map[string]Name{
		"00000000000000000000.events":       {},
		"00000000000000012925.events":       {Number: 12925},
		"00000000000000012925.index":        {Number: 12925, Part: Index},
		"00000000000000012925.bloom":        {Number: 12925, Part: Bloom},
		"00000000000000012925.nindex":       {Number: 12925, Part: JumpIndex},
		"00000000000000012925.xref":         {Number: 12925, Part: GlobalIndex},
		"00000000000000000165.snapshots":    {Kind: Snapshots, Number: 165},
		"00000000000000000165.sindex":       {Kind: Snapshots, Number: 165, Part: Index},
		"00000000000000000165.sbloom":       {Kind: Snapshots, Number: 165, Part: Bloom},
		"00000000000000000165.snindex":      {Kind: Snapshots, Number: 165, Part: JumpIndex},
		"00000000000000000165.sxref":        {Kind: Snapshots, Number: 165, Part: GlobalIndex},
		"00000000000770.events":             {Number: 770, Old: true},
		"00000000000000012925_00002.events": {Number: 12925, Version: 2},
		"00000000000000012925_00002.index":  {Number: 12925, Version: 2, Part: Index},
		"09223372036854775807.events":       {Number: 1<<63 - 1},
	} {
		got, ok := ParseName(text)
		if !ok || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, ok, want)
		}
		if got.String() != text {
			t.Errorf("%s comes out as %s", text, got)
		}
	}
	for _, text := range []string{
		"", ".events", "events", "0.events", "00000000000000012925", "00000000000000012925.event", "00000000000000012925.events.temp",
		"00000000000000012925.temp", "00000000000000012925.transformed", "00000000000000012925_00001.events.transformed", "00000000000000012925_1.events",
		"00000000000000012925_00000.events", "00000000000000012925_.events", "99999999999999999999.events", "0000000000000001292x.events",
		"+0000000000000012925.events", "00000000000000012925_0000x.events", "00000000000000012925_000001.events", "controldb1795262555167.zip",
		"00000000000000012925_00001_00001.events", "00000000000000012925.EVENTS",
	} {
		if n, ok := ParseName(text); ok {
			t.Errorf("%q was taken for %+v", text, n)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("00000000000000012925_00002.events")
	f.Fuzz(func(t *testing.T, text string) {
		if n, ok := ParseName(text); ok && n.String() != text {
			t.Errorf("%q came out as %q", text, n)
		}
	})
}
