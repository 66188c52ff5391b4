package report

import "slices"

// Median returns the middle of values, or the mean of the two in the middle,
// and 0 of none. It leaves values as they are.
func Median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	switch n := len(v); {
	case n == 0:
		return 0
	case n%2 == 1:
		return v[n/2]
	default:
		return (v[n/2-1] + v[n/2]) / 2
	}
}

// Result is what the records say of one row.
type Result struct {
	Row     Row
	Medians map[string]float64 // by tool
	RSS     map[string]float64 // by tool, where memory is the row
	Errors  map[string]string  // by tool: what failed, where it never succeeded
	Ratios  map[string]float64 // by rival: median of how many times as good IvyVault was in the same round
	Rounds  int                // in which IvyVault was measured
	CPU     float64            // the least of the same ratios of processor time, 0 where there is none
	Best    string             // the rival that is hardest to beat; "" without any
	Verdict Verdict
}

// Verdict is how a row stands to its bar.
type Verdict int

// A row may have no bar, or nothing that could be compared.
const (
	Unknown Verdict = iota
	Met
	Missed
)

// Judge sums up the records of a row. open is what opening IvyVault's
// repository takes, in seconds.
func Judge(row Row, records []Record, ours string, open float64) Result {
	res := Result{Row: row, Medians: map[string]float64{}, RSS: map[string]float64{}, Errors: map[string]string{}, Ratios: map[string]float64{}}
	values, rss, ratios := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	mine := map[int]float64{} // by round
	for _, r := range records {
		switch {
		case r.Row != row.Name:
		case r.Error != "":
			res.Errors[r.Tool] = r.Error
		default:
			values[r.Tool] = append(values[r.Tool], r.Value)
			rss[r.Tool] = append(rss[r.Tool], r.RSS)
			if r.Tool == ours {
				mine[r.Round] = r.Value
			}
		}
	}
	for _, r := range records {
		m, both := mine[r.Round]
		if r.Row != row.Name || r.Error != "" || r.Tool == ours || !both || m <= 0 || r.Value <= 0 {
			continue
		}
		ratio := r.Value / m
		if row.More {
			ratio = m / r.Value
		}
		ratios[r.Tool] = append(ratios[r.Tool], ratio)
	}
	for tool, v := range values {
		res.Medians[tool], res.RSS[tool] = Median(v), Median(rss[tool])
		delete(res.Errors, tool)
	}
	for tool, v := range ratios {
		res.Ratios[tool] = Median(v)
		if res.Best == "" || res.Ratios[tool] < res.Ratios[res.Best] || (res.Ratios[tool] == res.Ratios[res.Best] && tool < res.Best) {
			res.Best = tool
		}
	}
	res.Rounds = len(mine)
	res.CPU = processorRatio(row, records, ours)
	res.Verdict = row.Bar.judge(res, ours, open)
	return res
}

// processorRatio is what remains of a ratio where the machine is busy with
// other work: the processor time of the rival that needs least, in IvyVault's.
func processorRatio(row Row, records []Record, ours string) (least float64) {
	mine, ratios := map[int]float64{}, map[string][]float64{}
	for _, r := range records {
		if r.Row == row.Name && r.Tool == ours && r.Error == "" && row.Unit == "s" {
			mine[r.Round] = r.CPU
		}
	}
	for _, r := range records {
		if r.Row == row.Name && r.Tool != ours && r.Error == "" && r.CPU > 0 && mine[r.Round] > 0 {
			ratios[r.Tool] = append(ratios[r.Tool], r.CPU/mine[r.Round])
		}
	}
	for _, v := range ratios {
		if m := Median(v); least == 0 || m < least {
			least = m
		}
	}
	return least
}

func (b Bar) judge(res Result, ours string, open float64) Verdict {
	mine, measured := res.Medians[ours]
	switch {
	case !measured && res.Errors[ours] != "" && b != Bar{}:
		return Missed
	case !measured:
		return Unknown
	case b.Most > 0:
		return verdict(mine <= b.Most)
	case res.Best == "":
		return Unknown
	case b.Key:
		return verdict(mine <= res.Medians[res.Best]+open)
	case b.Times > 0:
		return verdict(res.Ratios[res.Best] >= b.Times)
	}
	return Unknown
}

func verdict(met bool) Verdict {
	if met {
		return Met
	}
	return Missed
}
