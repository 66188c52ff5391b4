package system

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TimeName is how a snapshot of a system is named by its time, in run books, on
// the command line and in the mount.
func TimeName(t time.Time) string { return t.UTC().Format("2006-01-02T15-04-05Z") }

// RunBook writes down how a snapshot goes back on a bare machine: each step, in
// order, as IvyVault does it and, where that can be, by hand from the mount. The
// section of the configuration tells which secrets have to be at hand; nil where
// there is none.
func RunBook(p *Plan, m *Manifest, at time.Time, section []byte) string {
	b := &book{}
	b.title(p, m, at)
	b.versions(m)
	b.missing(m)
	b.prepare(m, at)
	b.secrets(section)
	for i, s := range p.Restore {
		b.step(i+1, s, m)
	}
	b.end(m)
	return b.String()
}

type book struct{ strings.Builder }

func (b *book) line(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }

func (b *book) code(lines []string) {
	b.line("\n```sh")
	for _, l := range lines {
		b.line("%s", l)
	}
	b.line("```\n")
}

func (b *book) title(p *Plan, m *Manifest, at time.Time) {
	b.line("# How to restore the system %s as of %s\n", m.System, at.UTC().Format("2006-01-02 15:04:05 UTC"))
	product := m.Product
	if product == "" {
		product = m.Type
	}
	b.line("This is %s, captured %s on the host %s, from %s to %s.", strings.TrimSpace(product+" "+m.Version), mode(m), m.Host,
		m.Began.Format("15:04:05"), m.Ended.Format("15:04:05 UTC"))
	b.line("What is written here was written when the snapshot was taken, from what was found then.")
	if !m.Whole {
		b.line("\n**This snapshot is not whole.** Take another one if you can; what this one lacks is listed below.")
	}
	for _, n := range p.Notes {
		b.line("\n%s", n)
	}
}

func mode(m *Manifest) string {
	if m.Consistency == "cold" {
		return "while it was stopped"
	}
	return "while it ran"
}

// versions lists what has to be the same.
func (b *book) versions(m *Manifest) {
	var rows []string
	row := func(format string, args ...any) { rows = append(rows, fmt.Sprintf(format, args...)) }
	if m.Version != "" {
		row("| %s | %s | |", m.Product, m.Version)
	}
	if m.Java != "" {
		row("| Java | %s | |", m.Java)
	}
	for _, p := range m.Parts {
		if p.Facts.Product != "" {
			row("| %s, part `%s` | %s | %s |", p.Facts.Product, p.Path, p.Facts.Version, p.Facts.Tool)
		}
		for name, v := range sorted(p.Facts.Schema) {
			row("| schema of `%s`, %s | %s | |", p.Path, name, v)
		}
	}
	b.table("Versions that have to match", "| what | version | captured by |\n|---|---|---|", rows)
}

// table writes a section with a table, unless it has no rows.
func (b *book) table(title, head string, rows []string) {
	if len(rows) == 0 {
		return
	}
	b.line("\n## %s\n\n%s\n%s", title, head, strings.Join(rows, "\n"))
}

// missing lists what does not come back.
func (b *book) missing(m *Manifest) {
	var lines []string
	for _, p := range m.Parts {
		switch {
		case p.Error != "":
			lines = append(lines, fmt.Sprintf("the part `%s` is not in this snapshot: %s", p.Path, p.Error))
		case !p.Whole:
			lines = append(lines, fmt.Sprintf("%d things in the part `%s` could not be read", p.Unreadable, p.Path))
		}
	}
	for _, k := range m.Checks {
		for _, w := range k.Wrong {
			lines = append(lines, k.Name+": "+w)
		}
	}
	lines = append(lines, m.Uncovered...)
	if len(lines) == 0 {
		return
	}
	b.line("\n## What this snapshot does not hold\n")
	for _, l := range lines {
		b.line("- %s", l)
	}
}

// prepare is the same for all systems.
func (b *book) prepare(m *Manifest, at time.Time) {
	b.line("\n## Before the first step\n")
	b.line("Install IvyVault, have the repository and its password at hand, and say which snapshot is meant:")
	b.code([]string{
		`export IVYVAULT_REPOSITORY="${IVYVAULT_REPOSITORY:-/path/to/the/repository}"`,
		`export IVYVAULT_PASSWORD_FILE="${IVYVAULT_PASSWORD_FILE:-/path/to/its/password}"`,
		fmt.Sprintf("export SYSTEM=%s SNAPSHOT=%s", m.System, TimeName(at)),
	})
	b.line("`ivyvault mount /mnt` shows it, too: what follows lies below `/mnt/%s/%s/`. The steps by hand read from there:", Root(m.System), TimeName(at))
	b.code([]string{"export MOUNTED=/mnt/" + Root(m.System) + "/" + TimeName(at)})
}

// place is where a secret is to be found, as a section of the configuration
// names it.
var place = regexp.MustCompile(`\{(?:env:[A-Za-z_][A-Za-z0-9_]*|(?:file|command):[^{}]+)\}`)

// secrets lists the places of secrets: the machine of a restore may lack them.
func (b *book) secrets(section []byte) {
	var all []string
	for line := range strings.Lines(string(section)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			all = append(all, place.FindAllString(line, -1)...)
		}
	}
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	b.line("The configuration of that day, which lies beside this file, takes secrets from these places. They have to be there, or be named otherwise with `--to KEY=VALUE`:\n")
	for _, p := range slices.Compact(all) {
		b.line("- `%s`", p)
	}
}

func (b *book) step(n int, s Step, m *Manifest) {
	b.line("\n## Step %d: %s", n, s.Title)
	for _, w := range s.Why {
		b.line("\n%s", w)
	}
	if p, ok := m.part(s.Part); ok && p.Error != "" {
		b.line("\n**This part is not in this snapshot** (%s). Take it from another one.", p.Error)
	}
	if len(s.Do) > 0 {
		b.code(s.Do)
	}
	if len(s.Hand) > 0 {
		b.line("By hand:")
		b.code(s.Hand)
	}
}

// end lists the figures to compare with.
func (b *book) end(m *Manifest) {
	var rows []string
	for _, p := range m.Parts {
		if len(p.Facts.Counts) > 40 {
			sum := int64(0)
			for _, n := range p.Facts.Counts {
				sum += n
			}
			rows = append(rows, fmt.Sprintf("| `%s` | %d things, each in manifest.json | %d |", p.Path, len(p.Facts.Counts), sum))
			continue
		}
		for name, n := range sorted(p.Facts.Counts) {
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %d |", p.Path, name, n))
		}
	}
	b.table("What to compare at the end", "| part | what | count |\n|---|---|---|", rows)
	b.line("\nAfter a restore make a new backup at once: what goes on from the old ones begins anew.")
}
