package flowable

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"ivyvault/repo/backup"
)

// most is how many mismatches of one kind are named; of more the number is.
const most = 1000

// Pair compares databases with stores of documents.
type Pair struct {
	Rows  []*Rows
	Files []*Files
}

// Compare says what does not fit together. A document that a row tells of and
// that was not captured with the size that the row has is wrong, for the restored
// engine will miss it. A file that no row tells of does no harm.
func (p Pair) Compare(ctx context.Context, parts []backup.Outcome) (wrong, remarks []string, err error) {
	j := judge{}
	outcome := map[string]backup.Outcome{}
	for _, o := range parts {
		outcome[o.Path] = o
	}
	for _, f := range p.Files {
		if o, ok := outcome[f.Part]; !ok || o.Err != nil {
			j.remark("the part %s was not captured, so no rows are compared with its files", f.Part)
			return nil, j.remarks, nil
		}
		if f.Folder {
			j.folders = append(j.folders, f)
		} else {
			j.stores = append(j.stores, &store{part: f.Part, files: f.files, bases: f.bases()})
		}
	}
	all := true
	for _, r := range p.Rows {
		o, ok := outcome[r.Part]
		if !ok || o.Err != nil {
			j.remark("the part %s was not captured, so its rows are compared with nothing", r.Part)
			all = false
			continue
		}
		readable, err := r.readable()
		if err != nil {
			return nil, nil, err
		}
		if !readable {
			j.remark("the part %s was captured in a form of its server's own, which shows no rows: whether its documents are there was not compared", r.Part)
			all = false
			continue
		}
		if j.point.IsZero() || o.Began.Before(j.point) {
			j.point = o.Began
		}
		j.rows(r)
		if err := context.Cause(ctx); err != nil {
			return nil, nil, err
		}
	}
	for _, s := range j.tables {
		j.guess(s, []*store{s})
	}
	if len(j.stores) > 0 {
		j.guess(j.stores[0], j.stores)
	}
	if all && len(p.Rows) > 0 {
		j.leftover()
	}
	if len(j.wrong) == 0 && j.compared > 0 {
		j.remarks = append([]string{fmt.Sprintf("%d contents that rows name were looked for: all were captured", j.compared)}, j.remarks...)
	}
	return j.cut(j.wrong), j.cut(j.remarks), nil
}

// judge collects what does not fit.
type judge struct {
	point          time.Time // when the capture of the first database began
	folders        []*Files
	stores         []*store // that rows may lie in, all of them in the first's list
	tables         []*store // of databases
	compared       int
	wrong, remarks []string
}

func (j *judge) bad(format string, args ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}
func (j *judge) remark(format string, args ...any) {
	j.remarks = append(j.remarks, fmt.Sprintf(format, args...))
}

// cut bounds a list.
func (j *judge) cut(list []string) []string {
	if len(list) > most {
		list = append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
	}
	return list
}

// rows judges the rows of one database.
func (j *judge) rows(r *Rows) {
	objects := &store{part: r.Part + ", " + strings.ToUpper(objectTable), files: map[string]file{}}
	arrays := map[uint64]struct{}{}
	for _, f := range r.files {
		for id := range f.objects {
			objects.files[id] = file{size: -1}
		}
		maps.Copy(arrays, f.arrays)
	}
	homeless := 0
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		f := r.files[name]
		for _, a := range f.attachments {
			if _, ok := arrays[a.content]; !ok {
				j.bad("%s: the attachment %s (%q) names a content in %s that is not there", r.Part, a.id, a.name, strings.ToUpper(bytesTable))
			}
			j.compared++
		}
		for _, i := range f.items {
			switch kind := storeKind(i.store); {
			case kind == inFolder && len(j.folders) == 0:
				homeless++
			case kind == inFolder:
				j.folder(r, i)
			case kind == inDatabase:
				objects.rows = append(objects.rows, row{r, i})
			default:
				j.elsewhere(r, i)
			}
		}
	}
	if homeless > 0 {
		j.bad("%s: %d rows of %s name files, and the root folder of the content (flowable.content.storage.root-folder, by default the folder content in the home of the engine's user) is not captured: name it under 'documents:' with 'type: dir'", r.Part, homeless, strings.ToUpper(itemTable))
	}
	if len(objects.rows) > 0 {
		j.tables = append(j.tables, objects)
	}
}

// The kinds of stores of content.
const (
	inFolder = iota
	inDatabase
	inObjects
)

func storeKind(name string) int {
	switch n := strings.ToLower(name); {
	case n == "" || n == "file":
		return inFolder
	case n == "db" || strings.Contains(n, "database"):
		return inDatabase
	}
	return inObjects
}

// knownStore tells whether a store is one that can be captured as documents.
func knownStore(name string) bool {
	n := strings.ToLower(name)
	return strings.Contains(n, "s3") || strings.Contains(n, "azure") || strings.Contains(n, "blob")
}

// folder looks for the file of a row in the folders.
func (j *judge) folder(r *Rows, i item) {
	j.compared++
	at, ok := place(i.storeID)
	if !ok {
		j.bad("%s: the row %s (%q) names the content %q, which can be no file of Flowable's", r.Part, i.id, i.name, i.storeID)
		return
	}
	var near string
	for _, f := range j.folders {
		if x, ok := f.files[at]; ok {
			f.name(at)
			if i.size >= 0 && x.size != i.size {
				j.bad("%s: the row %s (%q) says that its file has %d bytes, and %s/%s was captured with %d: it was replaced between the two captures, or is damaged", r.Part, i.id, i.name, i.size, f.Part, at, x.size)
			}
			return
		}
		for _, m := range meanwhile(at, i.storeID) {
			if x, ok := f.files[m]; ok && x.size == i.size && near == "" {
				f.name(m)
				near = f.Part + "/" + m
			}
		}
	}
	if near != "" {
		j.remark("%s: the content of the row %s (%q) was being replaced: it was captured as %s, and has to be renamed to %s after a restore", r.Part, i.id, i.name, near, path.Base(at))
		return
	}
	j.bad("%s: the row %s (%q) names the file %s, which is not among those taken: it was deleted between the two captures, or was lost before", r.Part, i.id, i.name, at)
}

// elsewhere gives a row to the stores of objects.
func (j *judge) elsewhere(r *Rows, i item) {
	if len(j.stores) == 0 {
		j.stores = append(j.stores, &store{part: fmt.Sprintf("the store %q", i.store), none: true, known: knownStore(i.store)})
	}
	j.stores[0].rows = append(j.stores[0].rows, row{r, i})
}

// leftover lists files that no row tells of.
func (j *judge) leftover() {
	for _, f := range j.folders {
		other := 0
		for _, name := range slices.Sorted(maps.Keys(f.files)) {
			x := f.files[name]
			switch {
			case x.named:
			case !ours(name):
				other++
			case transient(name):
				j.remark("%s/%s is of a document that was being replaced", f.Part, name)
			case x.at > j.point.UnixNano():
				j.remark("%s/%s is newer than the database's capture, and no row names it yet", f.Part, name)
			default:
				j.remark("%s/%s is older than the database's capture, and no row names it: it is left over", f.Part, name)
			}
		}
		if other > 0 {
			j.remark("%s: %d files are none of Flowable's, by their names", f.Part, other)
		}
	}
}
