// Command gen writes one of the measured data sets into a directory.
package main

import (
	"fmt"
	"os"
	"strconv"

	"ivyvault/bench/data"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: gen mixed|nextday|tiny|flat DIR COUNT-OR-SCALE")
	}
	n, err := strconv.ParseFloat(args[2], 64)
	if err != nil {
		return err
	}
	const seed = 20261121
	switch args[0] {
	case "mixed":
		return data.Mixed(args[1], seed, n)
	case "nextday":
		return data.NextDay(args[1], seed, n)
	case "tiny":
		return data.Tiny(args[1], seed, int(n))
	case "flat":
		return data.Flat(args[1], seed, int(n))
	}
	return fmt.Errorf("unknown set %q", args[0])
}
