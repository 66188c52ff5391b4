package main

import (
	"context"
	"errors"
	"math"
	"os"
	"testing"
	"time"
)

// TestMain lets this program serve, as the command does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == serveWord {
		if err := serve(os.Args[2]); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestEveryLimitIsMeasured(t *testing.T) {
	s := settings{dir: t.TempDir(), disk: t.TempDir(), files: 50, size: 1 << 20, tries: 1, patience: 100 * time.Millisecond}
	for _, l := range limits() {
		if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err == nil {
			f.Close()
		} else if l.text == limits()[len(limits())-1].text {
			continue
		}
		lines := 0
		err := l.does(context.Background(), s, func(what string, value float64, unit string) {
			lines++
			if value <= 0 || math.IsInf(value, 0) || math.IsNaN(value) {
				t.Errorf("%s, %s: %v %s", l.text, what, value, unit)
			}
		})
		if err != nil || lines == 0 {
			t.Errorf("%s: %d lines, %v", l.text, lines, err)
		}
	}
}

func TestBestTriesEachTime(t *testing.T) {
	done, prepared := 0, 0
	took, err := best(3, func() error { done++; return nil }, func() error { prepared++; return nil })
	if err != nil || done != 3 || prepared != 3 || took <= 0 {
		t.Fatal(took, done, prepared, err)
	}
	broken := errors.New("broken")
	if _, err := best(3, func() error { done++; return broken }); err != broken || done != 4 {
		t.Fatal(done, err)
	}
}
