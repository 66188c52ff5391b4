package proc

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestParseStatus(t *testing.T) {
	for _, c := range []struct {
		text      string
		anon, rss int64
	}{
		{"Name:\tx\nVmRSS:\t    3000 kB\nRssAnon:\t    1000 kB\nRssFile:\t    1500 kB\nRssShmem:\t     500 kB\n", 1500 << 10, 3000 << 10},
		{"Name:\tkernel thread\nThreads:\t1\n", 0, 0},
		{"RssAnon:\nVmRSS: many kB\nRssShmem 5\n", 0, 0},
	} {
		if anon, rss := parseStatus([]byte(c.text)); anon != c.anon || rss != c.rss {
			t.Errorf("%q: %d and %d, want %d and %d", c.text, anon, rss, c.anon, c.rss)
		}
	}
}

func TestRunSaysWhatItTook(t *testing.T) {
	u, out, err := Run(context.Background(), Job{Argv: []string{"sh", "-c", "echo begun; sleep 0.2"}, Env: os.Environ()}, time.Minute)
	if err != nil || strings.TrimSpace(out) != "begun" {
		t.Fatalf("%q, %v", out, err)
	}
	if u.Wall < 200*time.Millisecond || u.Anon <= 0 || u.RSS < u.Anon {
		t.Fatalf("%+v", u)
	}
}

// The memory of a child counts too, from whichever thread it was started.
func TestChildrenCount(t *testing.T) {
	const hold = `a=$(head -c 30000000 /dev/zero | tr '\0' x); sleep 0.3; echo ${#a}`
	u, _, err := Run(context.Background(), Job{Argv: []string{"sh", "-c", "sh -c '" + strings.ReplaceAll(hold, "'", `'\''`) + "'; true"}, Env: os.Environ()}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if u.Anon < 30000000 {
		t.Fatalf("a child with 30 MB was seen as %d bytes", u.Anon)
	}
}

func TestTooLongIsKilled(t *testing.T) {
	_, _, err := Run(context.Background(), Job{Argv: []string{"sh", "-c", "sleep 600 & sleep 600"}, Env: os.Environ()}, 100*time.Millisecond)
	var late *TimeoutError
	if !errors.As(err, &late) {
		t.Fatal(err)
	}
}

func TestFailureNamesWhatWasSaid(t *testing.T) {
	_, _, err := Run(context.Background(), Job{Argv: []string{"sh", "-c", "echo no room left >&2; exit 3"}, Env: os.Environ()}, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "no room left") {
		t.Fatal(err)
	}
}
