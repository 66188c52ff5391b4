package report

import (
	"math"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := Median(c.of); got != c.want {
			t.Errorf("%v: %v, want %v", c.of, got, c.want)
		}
	}
	v := []float64{3, 1, 2}
	if Median(v); v[0] != 3 {
		t.Error("its argument was changed")
	}
}

func rec(round int, tool string, value float64) Record {
	return Record{Row: "tiny.first", Round: round, Tool: tool, Value: value}
}

func TestRatiosArePaired(t *testing.T) {
	row := Row{Name: "tiny.first", Unit: "s", Bar: Bar{Times: 1.8}}
	records := []Record{
		rec(1, "ivyvault", 1), rec(1, "fast", 2), rec(1, "slow", 9),
		rec(2, "ivyvault", 10), rec(2, "fast", 20), rec(2, "slow", 90), // a busy moment hurts all
		rec(3, "ivyvault", 1), rec(3, "slow", 9),
		rec(4, "fast", 0.1), // IvyVault has no figure of this round
		{Row: "tiny.first", Round: 3, Tool: "fast", Error: "it was killed after 5m0s"},
		{Row: "tiny.first", Round: 1, Tool: "broken", Error: "exit status 2"},
		{Row: "tiny.size", Round: 1, Tool: "fast", Value: 0.001},
	}
	res := Judge(row, records, "ivyvault", 0)
	if res.Best != "fast" || res.Ratios["fast"] != 2 || res.Ratios["slow"] != 9 || res.Rounds != 3 || res.Verdict != Met {
		t.Fatalf("%+v", res)
	}
	if res.Errors["broken"] == "" || res.Errors["fast"] != "" {
		t.Fatalf("%+v", res.Errors)
	}
	row.More = true
	if res = Judge(row, records, "ivyvault", 0); res.Best != "slow" || math.Abs(res.Ratios["slow"]-1./9) > 1e-9 || res.Verdict != Missed {
		t.Fatalf("%+v", res)
	}
}

func TestProcessorTime(t *testing.T) {
	row := Row{Name: "tiny.first", Unit: "s"}
	var records []Record
	for round, cpu := range []float64{2, 4} {
		for tool, times := range map[string]float64{"ivyvault": 1, "lean": 1.5, "fat": 5} {
			r := rec(round, tool, 1)
			r.CPU = cpu * times
			records = append(records, r)
		}
	}
	if res := Judge(row, records, "ivyvault", 0); res.CPU != 1.5 {
		t.Fatalf("%+v", res)
	}
	row.Unit = "MB"
	if res := Judge(row, records, "ivyvault", 0); res.CPU != 0 {
		t.Fatalf("%+v", res)
	}
}

func TestBars(t *testing.T) {
	for _, c := range []struct {
		bar   Bar
		mine  float64
		rival float64 // 0: there is none
		want  Verdict
	}{
		{Bar{}, 1, 2, Unknown},
		{Bar{Times: 1.8}, 1, 0, Unknown},
		{Bar{Times: 1.8}, 1, 1.7, Missed},
		{Bar{Most: 130}, 129, 0, Met},
		{Bar{Most: 130}, 131, 1000, Missed},
		{Bar{Key: true}, 0.25, 0.2, Met},
		{Bar{Key: true}, 0.35, 0.2, Missed},
	} {
		records := []Record{rec(1, "ivyvault", c.mine)}
		if c.rival > 0 {
			records = append(records, rec(1, "other", c.rival))
		}
		if got := Judge(Row{Name: "tiny.first", Bar: c.bar}, records, "ivyvault", 0.1); got.Verdict != c.want {
			t.Errorf("%+v: %v", c, got.Verdict)
		}
	}
	failed := []Record{{Row: "tiny.first", Round: 1, Tool: "ivyvault", Error: "differs"}, rec(1, "other", 1)}
	if got := Judge(Row{Name: "tiny.first", Bar: Bar{Times: 1}}, failed, "ivyvault", 0); got.Verdict != Missed {
		t.Errorf("a failure of ours: %v", got.Verdict)
	}
}

func TestLinesComeBack(t *testing.T) {
	dir := t.TempDir()
	log, err := Create(dir, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Record{rec(1, "ivyvault", 2), rec(1, "restic", 5)} {
		r.Unit, r.Machine, r.Commit = "s", "two cores", "abc"
		if err := log.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Write(&out, dir, "ivyvault"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"two cores", "commit abc", "| first backup | s | 1 | 2.00 | 5.00 | 2.50 | restic | 1.80 times | met | - |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if _, err := Parse([]byte("{\n")); err == nil {
		t.Error("half a line was taken")
	}
}

// Each row is of a set and named once, else its figures would be lost.
func TestRowsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Sets() {
		seen[s.Name] = true
	}
	for _, r := range Rows() {
		if !seen[Set(r.Name)] || seen[r.Name] || r.Unit == "" || r.Text == "" {
			t.Errorf("%+v", r)
		}
		seen[r.Name] = true
	}
}
