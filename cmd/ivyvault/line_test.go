package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/backup"
	"ivyvault/repo/log"
	"ivyvault/repo/seal"
	"ivyvault/repo/store"
	"ivyvault/sources/secret"
)

func TestArrange(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"snapshots", "ivyvault snapshots --"},
		{"-r x snapshots id", "ivyvault snapshots -r x -- id"},
		{"snapshots id -r x --host=h", "ivyvault snapshots -r x --host=h -- id"},
		{"backup a -xqv b --tag t c", "ivyvault backup -x -q -v --tag t -- a b c"},
		{"backup -rplace a", "ivyvault backup -r place -- a"},
		{"backup -r=place a", "ivyvault backup -r place -- a"},
		{"backup --stdin-from-command -- pg_dump -x --y", "ivyvault backup --stdin-from-command -- pg_dump -x --y"},
		{"backup a -- -b --c", "ivyvault backup -- a -b --c"},
		{"key list -p f", "ivyvault key list -p f --"},
		{"-p f key remove ab", "ivyvault key remove -p f -- ab"},
		{"backup -", "ivyvault backup -- -"},
		{"--version", "ivyvault version --"},
	} {
		l, err := arrange(newApp(), strings.Fields(c.in))
		if got := strings.Join(l.args, " "); err != nil || got != c.want {
			t.Errorf("%q: got %q (%v), want %q", c.in, got, err, c.want)
		}
	}
	for in, want := range map[string]string{
		"snapshot":            "did you mean snapshots?",
		"key lst":             "did you mean list?",
		"key":                 "say which",
		"backup --exlude x":   "did you mean --exclude?",
		"backup -exclude x":   "did you mean --exclude?",
		"backup --tag":        "needs a value",
		"backup --r x":        "no flag --r",
		"--exclude x backup":  "no flag --exclude",
		"completely-unlike-q": `there is no "completely-unlike-q";`,
	} {
		_, err := arrange(newApp(), strings.Fields(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", in, err, want)
		}
	}
}

func TestExitCode(t *testing.T) {
	damage := &chunk.DamageError{What: "pack", How: "cut"}
	incomplete := &incompleteError{"some files"}
	for i, c := range []struct {
		err, cause error
		want       int
	}{
		{nil, nil, 0},
		{nil, errInterrupted, 0},
		{errors.New("x"), nil, 1},
		{incomplete, nil, 3},
		{fmt.Errorf("a: %w", fmt.Errorf("b: %w", store.ErrNoRepository)), nil, 10},
		{fmt.Errorf("a: %w", backup.ErrHeld), nil, 11},
		{repo.ErrWrongPassword, nil, 12},
		{fmt.Errorf("restore: %w", repo.ErrNeedsFull), nil, 12},
		{&seal.RoleError{Doing: "open a pack"}, nil, 12},
		{&log.RightsError{Type: log.TypeForget}, nil, 12},
		{fmt.Errorf("a: %w", damage), nil, 13},
		{&log.RollbackError{}, nil, 13},
		{errors.Join(incomplete, damage), nil, 13},
		{errors.Join(repo.ErrWrongPassword, damage), nil, 13},
		{errors.Join(backup.ErrHeld, repo.ErrWrongPassword), nil, 12},
		{errors.Join(store.ErrNoRepository, backup.ErrHeld), nil, 11},
		{errors.Join(incomplete, store.ErrNoRepository), nil, 10},
		{errors.Join(errors.New("x"), incomplete), nil, 3},
		{fmt.Errorf("read: %w", context.Canceled), errInterrupted, 130},
		{fmt.Errorf("read: %w", errInterrupted), errInterrupted, 130},
		{errors.Join(context.Canceled, damage), errInterrupted, 13},
		{errors.New("x"), errInterrupted, 1},
		{context.Canceled, nil, 1},
	} {
		if got := exitCode(c.err, c.cause); got != c.want {
			t.Errorf("%d: %v with %v: code %d, want %d", i, c.err, c.cause, got, c.want)
		}
	}
}

// Who breaks off hears what else failed meanwhile.
func TestBrokenOff(t *testing.T) {
	mask := &secret.Mask{}
	mask.Add("hunter2")
	stuck := fmt.Errorf("THE SYSTEM x IS STILL STOPPED: %w", errors.New("hunter2 is wrong"))
	for i, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("read: %w", context.Canceled), "interrupted: "},
		{errors.Join(context.Canceled, fmt.Errorf("read: %w", errInterrupted)), "interrupted: "},
		{maskError(mask, errors.Join(context.Canceled, errors.Join(stuck, nil))), "THE SYSTEM x IS STILL STOPPED: " + secret.Stars + " is wrong; interrupted: "},
		{fmt.Errorf("%w, since %w", errors.New("closed"), context.Canceled), "interrupted: "},
	} {
		if got := brokenOff(c.err).Error(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain/Grüße 世界":        "plain/Grüße 世界",
		"a\x1b[31mb":            `a\x1b[31mb`,
		"a\nb\tc\rd":            `a\nb\tc\rd`,
		"\xff\xfe":              `\xff\xfe`,
		"back\\slash":           `back\\slash`,
		"\u202etxt.exe":         `\u202etxt.exe`,
		"\u009b31m":             `\u009b31m`,
		"nul\x00":               `nul\x00`,
		"\U000e0001tag":         `\U000e0001tag`,
		"real \uFFFD":           "real \uFFFD",
		"zero\u200bwidth\u00ad": `zero\u200bwidth\u00ad`,
	} {
		if got := showPath(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got := showText(`C:\x` + "\x1b"); got != `C:\x\x1b` {
		t.Errorf("text: got %s", got)
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]uint64{"0": 0, "4096": 4096, "10K": 10 << 10, "1.5MiB": 3 << 19, "2G": 2 << 30, "1t": 1 << 40, "7 kb": 7 << 10, "5B": 5} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("%q: %d (%v), want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "K", "-1", "1X", "1KK", "99999999T", "NaN"} {
		if got, err := parseSize(in); err == nil {
			t.Errorf("%q: taken for %d", in, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	for _, in := range []string{"2026-11-21", "2026-11-21 10:11", "2026-11-21 10:11:12", "2026-11-21T10:11:12Z", "2026-11-21T10-11-12Z", "2026-11-21T10:11:12.5+02:00"} {
		if _, err := parseTime(in); err != nil {
			t.Error(err)
		}
	}
	if _, err := parseTime("yesterday"); err == nil {
		t.Error("yesterday was taken for a time")
	}
}

func TestNearest(t *testing.T) {
	names := []string{"snapshots", "stats", "restore", "prune"}
	for in, want := range map[string]string{"snapshot": "snapshots", "stast": "stats", "resotre": "restore", "prun": "prune", "zzzzzz": ""} {
		got := nearest(in, names)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFindMedium(t *testing.T) {
	for in, want := range map[string]string{"/a/b": "/a/b", "local:/a": "/a", "./x:y": "./x:y", "c:x": "c:x", "a b:c": "a b:c"} {
		m, place, err := findMedium(in)
		if err != nil || m.scheme != "local" || place != want {
			t.Errorf("%q: %q %q (%v)", in, m.scheme, place, err)
		}
	}
	for _, in := range []string{"", "s3:bucket", "sftp:host:/x"} {
		if _, _, err := findMedium(in); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in, want string
		width    int
	}{{"short", "short", 10}, {"/a/long/path/to/file", "/a/lo…/file", 11}} {
		if got := cut(c.in, c.width); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
