package oracle

import (
	"strings"
	"testing"
)

// No log is a success that holds an error, or no end.
func FuzzOutcome(f *testing.F) {
	const end = "Job \"B\".\"J\" successfully completed at Sat\n"
	for _, s := range []string{"", end, ". . exported \"A\".\"T\"  0 KB 0 rows\n" + end, "ORA-31684: Object type USER:\"A\"\n" + end, ". . imported \"A\".\"P\":\"1\" 5 KB 99,999,999,999,999,999,999 rows\n" + end} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, said string) {
		rows, err := outcome(said, "J", false)
		if err != nil {
			return
		}
		if complaint(said) != "" || !strings.Contains(said, `"J" `) {
			t.Fatalf("a success: %q", said)
		}
		if len(rows) > len(said) {
			t.Fatalf("%d tables of %d bytes", len(rows), len(said))
		}
	})
}
