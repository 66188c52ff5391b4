package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/repo"
	"ivyvault/repo/check"
	"ivyvault/repo/pick"
)

func checkCommand() *cli.Command {
	var o check.Options
	return &cli.Command{
		Name:  "check",
		Usage: "look for damage",
		Description: `Follows everything that the repository names: the log, the index files, the
directories of all snapshots, down to chunks in packs that are there with their
right size. With --read-data every byte is read and verified too. What is wrong
is named with the files that suffer; the exit code is then 13.

Example:
  ivyvault check
  ivyvault check --read-data-subset 5%`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "read-data", Usage: "read and verify all packs"},
			&cli.StringFlag{Name: "read-data-subset", Usage: "read and verify `PART` of the packs: 2/7 is the second seventh, 5% or 500M some by chance"},
		}, filterFlags()...),
		Before: func(c *cli.Context) error {
			o = check.Options{ReadData: c.Bool("read-data"), Subset: c.String("read-data-subset")}
			if o.Subset != "" {
				if o.ReadData {
					return usageError("check", "--read-data reads everything: give it or --read-data-subset")
				}
				o.ReadData = true
			}
			f, err := readFilter(c)
			if err != nil {
				return err
			}
			if narrows(f) {
				o.Snapshots = f.Match
			}
			return wantArgs(c, 0, 0)
		},
		Action: func(c *cli.Context) error {
			return withRepo(c, func(r *repo.Repo, out *console) error { return runCheck(c, r, out, o) })
		},
	}
}

// narrows reports whether a filter leaves anything out.
func narrows(f pick.Filter) bool { return len(f.Hosts)+len(f.Tags)+len(f.Paths) > 0 }

func runCheck(c *cli.Context, r *repo.Repo, out *console, o check.Options) error {
	watch := &checkWatch{out: out, began: time.Now()}
	report, err := check.Run(c.Context, r, o, watch)
	if err != nil {
		for _, d := range watch.found {
			out.note("damage", "", d.What+": "+d.How)
		}
		return err
	}
	if err := out.report(report, func(w io.Writer) { printCheck(w, report, out) }); err != nil {
		return err
	}
	if report.Damaged {
		n := int64(len(report.Damages))
		return &chunk.DamageError{What: "the repository", How: plural(n, "thing", "things") + " found, as named above"}
	}
	return nil
}

// shortIDs names snapshots, only some where there are many.
func shortIDs(ids []string, all bool) string {
	var short []string
	for i, id := range ids {
		if i == 12 && !all {
			short = append(short, fmt.Sprintf("and %d more; -v names all", len(ids)-12))
			break
		}
		short = append(short, id[:min(8, len(id))])
	}
	return strings.Join(short, " ")
}

func printCheck(w io.Writer, r check.Report, out *console) {
	for _, d := range r.Damages {
		fmt.Fprintf(w, "DAMAGE  %s: %s\n", showText(d.What), showText(d.How))
		for i, f := range d.Files {
			if i == 20 && out.verbose == 0 {
				fmt.Fprintf(w, "        and %d more files; -v names all\n", len(d.Files)-20+d.Omitted)
				break
			}
			fmt.Fprintf(w, "        suffers: /%s\n", strings.TrimPrefix(showPath(findingPath(f)), "/"))
		}
		if d.Omitted > 0 && (len(d.Files) <= 20 || out.verbose > 0) {
			fmt.Fprintf(w, "        and %d more files\n", d.Omitted)
		}
		if len(d.Snapshots) > 0 {
			fmt.Fprintf(w, "        in snapshots: %s\n", shortIDs(d.Snapshots, out.verbose > 0))
		}
		fmt.Fprintf(w, "        what to do: %s\n", showText(d.Do))
	}
	if out.quiet {
		return
	}
	for _, n := range r.Notices {
		fmt.Fprintf(w, "notice: %s\n", showText(n))
	}
	for _, n := range r.Unchecked {
		fmt.Fprintf(w, "not checked: %s\n", showText(n))
	}
	fmt.Fprintf(w, "checked %s of the log, %s, %s, %s with %d chunks, %s\n", plural(int64(r.Entries), "entry", "entries"), plural(int64(r.Snapshots), "snapshot", "snapshots"),
		plural(int64(r.Index), "index file", "index files"), plural(int64(r.Packs), "pack", "packs"), r.Chunks, size(r.Bytes))
	if r.Read > 0 {
		fmt.Fprintf(w, "read and verified %s, %s\n", plural(int64(r.Read), "pack", "packs"), size(r.ReadBytes))
	}
	if r.Vouched > 0 {
		fmt.Fprintf(w, "this key vouches for %s of other writers now\n", plural(int64(r.Vouched), "pack", "packs"))
	}
	if !r.Damaged {
		fmt.Fprintln(w, "no damage was found")
	}
}

// checkWatch shows how far a check is.
type checkWatch struct {
	out   *console
	began time.Time

	mu    sync.Mutex
	told  time.Time
	found []check.Damage
}

var _ check.Observer = (*checkWatch)(nil)

// Damage remembers what was found, in case the check does not come to its end.
func (w *checkWatch) Damage(d check.Damage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = append(w.found, d)
}

// Progress draws the state of the moment.
func (w *checkWatch) Progress(p check.Progress) {
	passed := time.Since(w.began)
	w.mu.Lock()
	damages := len(w.found)
	tell := w.out.json && !w.out.quiet && time.Since(w.told) >= time.Second
	if tell {
		w.told = time.Now()
	}
	w.mu.Unlock()
	if tell {
		w.out.status(checkStatus{"status", p.Snapshots, p.SnapshotsAll, p.Packs, p.PacksAll, p.Bytes, p.BytesAll, passed.Seconds()})
	}
	line := fmt.Sprintf("[%s] %d of %s", clock(passed), p.Snapshots, plural(int64(p.SnapshotsAll), "snapshot", "snapshots"))
	if p.PacksAll > 0 {
		line += fmt.Sprintf(", %d of %d packs read, %s/s%s", p.Packs, p.PacksAll, size(int64(float64(p.Bytes)/max(passed.Seconds(), 0.001))), remaining(passed, p.Bytes, p.BytesAll))
	}
	if damages > 0 {
		line += fmt.Sprintf(", DAMAGE: %d", damages)
	}
	w.out.draw(line)
}

// checkStatus is the line of JSON that tells how far a check is.
type checkStatus struct {
	Type         string  `json:"type"`
	Snapshots    int     `json:"snapshots"`
	SnapshotsAll int     `json:"snapshots_total"`
	Packs        int     `json:"packs"`
	PacksAll     int     `json:"packs_total"`
	Bytes        int64   `json:"bytes"`
	BytesAll     int64   `json:"bytes_total"`
	Seconds      float64 `json:"seconds"`
}
