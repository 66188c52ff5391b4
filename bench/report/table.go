package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Results judges all rows that have records in dir.
func Results(dir, ours string) (results []Result, records []Record, err error) {
	for _, set := range Sets() {
		some, err := Load(dir, set.Name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s of %s: %w", set.Name, dir, err)
		}
		records = append(records, some...)
	}
	var open []float64
	for _, r := range records {
		if r.Row == "mixed.open" && r.Tool == ours && r.Error == "" {
			open = append(open, r.Value)
		}
	}
	for _, row := range Rows() {
		if slices.ContainsFunc(records, func(r Record) bool { return r.Row == row.Name }) {
			results = append(results, Judge(row, records, ours, Median(open)))
		}
	}
	return results, records, nil
}

// Write writes the table of everything that lies in dir.
func Write(w io.Writer, dir, ours string) error {
	results, records, err := Results(dir, ours)
	if err != nil {
		return err
	}
	tools := []string{ours}
	for _, r := range records {
		if !slices.Contains(tools, r.Tool) {
			tools = append(tools, r.Tool)
		}
	}
	slices.Sort(tools[1:])
	for _, set := range Sets() {
		if err := writeSet(w, set.Name, set.Text, results, records, tools); err != nil {
			return err
		}
	}
	_, err = fmt.Fprint(w, notes)
	return err
}

const notes = `Medians over the rounds. "ratio" is the median of how many times as good ivyvault was as the rival that is hardest
to beat, of pairs in the same round. Memory is the peak of RssAnon+RssShmem of the program and its children, with the
peak of its RSS in brackets. "CPU ratio" compares
processor time with the rival that needs least: it says what a busy machine hides. "-" was not measured, "failed" has its reason in the lines of JSON.
`

func writeSet(w io.Writer, set, text string, results []Result, records []Record, tools []string) error {
	var lines [][]string
	for _, res := range results {
		if Set(res.Row.Name) == set {
			lines = append(lines, line(res, tools))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	i := slices.IndexFunc(records, func(r Record) bool { return Set(r.Row) == set })
	first := records[i]
	if _, err := fmt.Fprintf(w, "## %s: %s\n\nsize %g, on %s, commit %s\n%s\n\n", set, text, first.Size, first.Place, first.Commit, first.Machine); err != nil {
		return err
	}
	head := append(append([]string{"work", "unit", "rounds"}, tools...), "ratio", "best rival", "bar", "", "CPU ratio")
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
	}
	for _, l := range append([][]string{head, rule}, lines...) {
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(l, " | ")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

func line(res Result, tools []string) []string {
	l := []string{res.Row.Text, res.Row.Unit, fmt.Sprint(res.Rounds)}
	for _, t := range tools {
		l = append(l, cell(res, t))
	}
	ratio := "-"
	if res.Best != "" {
		ratio = figure(res.Ratios[res.Best])
	}
	processor := "-"
	if res.CPU > 0 {
		processor = figure(res.CPU)
	}
	return append(l, ratio, dash(res.Best), res.Row.Bar.String(), [...]string{"", "met", "**missed**"}[res.Verdict], processor)
}

func cell(res Result, tool string) string {
	v, ok := res.Medians[tool]
	switch {
	case ok && strings.HasSuffix(res.Row.Name, "memory"):
		return fmt.Sprintf("%s (%s)", figure(v), figure(res.RSS[tool]))
	case ok:
		return figure(v)
	case strings.Contains(res.Errors[tool], "killed after"):
		_, limit, _ := strings.Cut(res.Errors[tool], "killed after ")
		return "over " + limit
	case res.Errors[tool] != "":
		return "failed"
	}
	return "-"
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// figure keeps three digits that count.
func figure(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0.01:
		return fmt.Sprintf("%.4f", v)
	case v < 1:
		return fmt.Sprintf("%.3f", v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// String says what the bar asks for.
func (b Bar) String() string {
	switch {
	case b.Times > 0:
		return figure(b.Times) + " times"
	case b.Most > 0:
		return "at most " + figure(b.Most)
	case b.Key:
		return "the best and opening"
	}
	return "-"
}
