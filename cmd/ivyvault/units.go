package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// size shows bytes in binary units with three digits after the point, as in
// 1.234 GiB.
func size(n int64) string {
	switch {
	case n >= 1<<40:
		return fmt.Sprintf("%.3f TiB", float64(n)/(1<<40))
	case n >= 1<<30:
		return fmt.Sprintf("%.3f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.3f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.3f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// clock shows a duration as 1:02 or 1:02:03.
func clock(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// plural counts things: 1 file, 2 files.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// parseSize reads a number of bytes such as 4096, 10K, 1.5MiB, 2G.
func parseSize(s string) (uint64, error) {
	digits := strings.TrimRight(strings.ToUpper(strings.TrimSpace(s)), "KMGTIB ")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(strings.ToUpper(strings.TrimSpace(s))[len(digits):]), "B"), "I")
	factor := map[string]float64{"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}[unit]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || factor == 0 || !(n >= 0) || n*factor > 1<<62 {
		return 0, fmt.Errorf("%q is no size: write for example 4096, 10K, 1.5M or 2G", s)
	}
	return uint64(n * factor), nil
}

// when shows a time as people read it, in the local zone.
func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
